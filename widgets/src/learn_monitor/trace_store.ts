// The numbers of a run as they stream in: one growing column for each quantity.

const FIRST = 256;

export class TraceStore {
  length = 0;
  private steps = new Float64Array(FIRST);
  private columns: Float64Array[] = [];
  private room = FIRST;

  /** Begin another run with so many columns. */
  begin(width: number): void {
    this.length = 0;
    this.room = FIRST;
    this.steps = new Float64Array(FIRST);
    this.columns = Array.from({ length: width }, () => new Float64Array(FIRST));
  }

  /** Take rows of all columns; the last row is of the step with that number. */
  append(rows: Float32Array, last: number): void {
    const width = this.columns.length;
    const count = width > 0 ? Math.floor(rows.length / width) : 0;
    this.grow(this.length + count);
    for (let row = 0; row < count; row += 1) {
      this.steps[this.length + row] = last - count + 1 + row;
      for (let k = 0; k < width; k += 1) {
        (this.columns[k] as Float64Array)[this.length + row] = rows[row * width + k] as number;
      }
    }
    this.length += count;
  }

  clear(): void {
    this.length = 0;
  }

  get iterations(): Float64Array {
    return this.steps.subarray(0, this.length);
  }

  column(k: number): Float64Array {
    return this.columns[k]?.subarray(0, this.length) ?? new Float64Array(0);
  }

  newest(k: number): number | undefined {
    return this.length > 0 ? this.columns[k]?.[this.length - 1] : undefined;
  }

  private grow(needed: number): void {
    if (needed <= this.room) return;
    while (this.room < needed) this.room *= 2;
    const larger = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const fresh = new Float64Array(this.room);
      fresh.set(old);
      return fresh;
    };
    this.steps = larger(this.steps);
    this.columns = this.columns.map(larger);
  }
}
