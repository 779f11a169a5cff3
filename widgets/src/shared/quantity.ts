// Numbers with units: SI values on the wire, factor and display unit for people.

const PREFIXES: Record<string, number> = {
  f: 1e-15, p: 1e-12, n: 1e-9, u: 1e-6, µ: 1e-6, μ: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12,
};

// of a value whose error is unknown
const SHOWN_DIGITS = 8;

/** A real minus sign, as wide as a digit. */
export function withMinus(text: string): string {
  return text.replaceAll("-", "−");
}

/** Shortest text of a number to so many significant digits, exponents only where they are shorter to read. */
export function formatNumber(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`;
  }
  return String(Number(value.toPrecision(digits)));
}

/** The unit as people read it; a pure number has none. */
export function unitText(unit: string): string {
  return unit === "1" ? "" : unit.replaceAll(/Phi0|Φ0/g, "Φ₀");
}

/** "5.012 GHz" of a value in SI. */
export function formatQuantity(value: number, factor: number, unit: string, digits = 6): string {
  return `${formatNumber(value / factor, digits)} ${unitText(unit)}`.trim();
}

/** As many digits of a value as its standard error leaves meaning to, down to the second digit of the error. */
export function meaningfulDigits(value: number, stderr: number | null): number {
  if (stderr === null || !(stderr > 0) || value === 0) return SHOWN_DIGITS;
  const digits = Math.floor(Math.log10(Math.abs(value))) - Math.floor(Math.log10(stderr)) + 2;
  return Math.min(10, Math.max(2, digits));
}

const TAKES_PREFIX = /^(Hz|s|V|K|W|Phi0)(\/.*)?$/;
const STEPS = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T"];

/** Factor and display unit for numbers up to so many of an SI unit: 3e4 Hz are shown in kHz. */
export function prefixFor(size: number, unit: string): { factor: number; unit: string } {
  if (!(size > 0) || !Number.isFinite(size) || !TAKES_PREFIX.test(unit)) return { factor: 1, unit };
  const exponent = Math.min(12, Math.max(-15, 3 * Math.floor(Math.log10(size) / 3)));
  return { factor: 10 ** exponent, unit: `${STEPS[exponent / 3 + 5] ?? ""}${unit}` };
}

/**
 * A standard error with two significant digits: in the display unit, or with its own prefix and unit where it is far
 * smaller or larger than that.
 */
export function formatError(stderr: number | null, row: { unit: string; factor: number }): string {
  if (stderr === null || !Number.isFinite(stderr)) return "";
  const shown = Math.abs(stderr / row.factor);
  if (shown === 0) return "± 0";
  const far = shown >= 1e3 || shown < 1e-3;
  if (far && TAKES_PREFIX.test(row.unit)) {
    const exponent = Math.min(12, Math.max(-15, 3 * Math.floor(Math.log10(Math.abs(stderr)) / 3)));
    const number = formatNumber(Math.abs(stderr) / 10 ** exponent, 2);
    return `± ${number} ${STEPS[exponent / 3 + 5] ?? ""}${unitText(row.unit)}`;
  }
  if (shown >= 1e4 || shown < 1e-4) return `± ${formatNumber(shown, 2)}`;
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(shown)));
  return `± ${decimals === 0 ? String(Number(shown.toPrecision(2))) : shown.toFixed(decimals)}`;
}

/** "length (ns)"; a pure number stays without brackets. */
export function axisTitle(axis: { label: string; unit: string }): string {
  const unit = unitText(axis.unit);
  return unit ? `${axis.label} (${unit})` : axis.label;
}

/**
 * The SI value of what a person typed, or null. A bare number counts in the display unit; "5100 MHz" is understood too,
 * and so is a decimal comma.
 */
export function parseQuantity(text: string, row: { unit: string; display_unit: string; factor: number }): number | null {
  const match = /^\s*([+\-−]?(?:\d+\.?\d*|[.,]\d+|\d+,\d*)(?:[eE][+\-−]?\d+)?)\s*(\S*)\s*$/.exec(text);
  if (!match) return null;
  const number = Number((match[1] ?? "").replaceAll("−", "-").replace(",", "."));
  if (!Number.isFinite(number)) return null;
  const unit = match[2] ?? "";
  if (unit === "" || unit === row.display_unit) return number * row.factor;
  if (unit === row.unit) return number;
  const prefix = PREFIXES[unit.charAt(0)];
  return prefix !== undefined && unit.slice(1) === row.unit ? number * prefix : null;
}
