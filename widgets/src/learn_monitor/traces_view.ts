// The traces of a run: loss, gradient norm, chi2 of each experiment, and the parameters that were picked.

import { html, setHidden, setText, watchWidth, widthOf } from "../shared/dom";
import { prefixFor, unitText, withMinus } from "../shared/quantity";
import { extent } from "../shared/scale";
import { createPicker } from "./picker";
import { createTracePlot, traceClass, type TracePlot } from "./trace_plot";
import type { TraceStore } from "./trace_store";
import type { TracedParameter, Traces } from "./types";

const HEIGHT = 168;
const SMALL = 104;
const FALLBACK_WIDTH = 320;
// drawn without being asked for
const DATASETS = 6;
const PARAMETERS = 4;
// columns before the datasets
export const OWN = 3;

interface Small {
  element: HTMLElement;
  plot: TracePlot;
  column: number;
  now: HTMLElement;
  unit: HTMLElement;
  parameter: TracedParameter;
}

export interface TracesView {
  readonly element: HTMLElement;
  begin(traces: Traces, picked: { datasets?: string[]; parameters?: string[] }): void;
  paint(): void;
  close(): void;
}

type Picked = { datasets: string[]; parameters: string[] };

export function createTracesView(store: TraceStore, onPick: (picked: Picked) => void, ask: () => void): TracesView {
  const loss = createTracePlot({ title: "loss", label: "loss over iterations", testid: "loss-path", height: HEIGHT });
  const gradient = createTracePlot({
    title: "gradient norm", label: "gradient norm over iterations", testid: "gradient-path", height: HEIGHT,
    empty: "this method asks for no gradient",
  });
  const chi2 = createTracePlot({
    title: "chi² per point", label: "chi squared of each experiment over iterations", testid: "chi2-path", height: HEIGHT,
  });
  const legend = html("div", { class: "qx-legend", "data-testid": "chi2-legend" });
  const smalls = html("div", { class: "qx-smalls" });
  let shown: Small[] = [];
  let known: Traces = {};
  const pick = (): void => {
    choose();
    onPick({ datasets: [...datasets.picked], parameters: [...parameters.picked] });
    ask();
  };
  const datasets = createPicker("experiments", "pick-datasets", pick);
  const parameters = createPicker("parameters", "pick-parameters", pick);
  const holder = html("div", { class: "qx-plot" }, loss.element);
  const charts = html(
    "div", { class: "qx-charts" },
    holder,
    html("div", { class: "qx-plot" }, gradient.element),
    html("div", { class: "qx-plot" }, chi2.element, legend, datasets.element),
  );
  const element = html("div", {}, charts, smalls, parameters.element);
  const width = widthOf(holder, FALLBACK_WIDTH);
  const unwatch = watchWidth(element, ask);

  const columnOf = (kind: "datasets" | "parameters", key: string): number => {
    if (kind === "datasets") return OWN + (known.datasets ?? []).findIndex(({ name }) => name === key);
    return OWN + (known.datasets?.length ?? 0) + (known.parameters ?? []).findIndex(({ path }) => path === key);
  };

  const choose = (): void => {
    const names = datasets.picked;
    legend.replaceChildren(...names.map((name, i) => html("span", { class: traceClass(i), title: name }, html("i"), name)));
    setHidden(legend, names.length < 2);
    shown = parameters.picked.map((path) => {
      const parameter = (known.parameters ?? []).find((one) => one.path === path) as TracedParameter;
      const plot = createTracePlot({
        title: "", label: `change of ${parameter.label} over iterations`, testid: `trace:${path}`, height: SMALL,
        small: true,
      });
      const now = html("span", { class: "qx-now" });
      const head = html("div", { class: "qx-small-head", title: path }, html("span", {}, parameter.label), now);
      const unit = html("span", { class: "qx-change" });
      const below = html("div", { class: "qx-small-head qx-small-path" }, html("span", {}, path), unit);
      const box = html("div", { class: "qx-small" }, head, below, plot.element);
      return { element: box, plot, column: columnOf("parameters", path), now, unit, parameter };
    });
    smalls.replaceChildren(...shown.map((small) => small.element));
  };

  return {
    element,
    begin(traces, picked) {
      known = traces;
      const names = (traces.datasets ?? []).map(({ name }) => name);
      const paths = (traces.parameters ?? []).map(({ path }) => path);
      const keep = (wanted: string[] | undefined, all: string[], first: number): string[] => {
        const there = (wanted ?? []).filter((key) => all.includes(key));
        return there.length > 0 ? there : all.slice(0, first);
      };
      datasets.offer(names.map((name) => ({ key: name, label: name })), keep(picked.datasets, names, DATASETS));
      parameters.offer(
        (traces.parameters ?? []).map(({ path, label }) => ({ key: path, label: `${label} (${path})` })),
        keep(picked.parameters, paths, PARAMETERS),
      );
      choose();
    },
    paint() {
      const steps = store.iterations;
      loss.paint(steps, [{ values: store.column(0), color: 0 }], width());
      gradient.paint(steps, [{ values: store.column(1), color: 0 }], width());
      chi2.paint(
        steps,
        datasets.picked.map((name, i) => ({ values: store.column(columnOf("datasets", name)), color: i })),
        width(),
      );
      for (const { element: box, plot, column, now, unit, parameter } of shown) {
        // what changes is drawn: a hertz in five gigahertz would not fit on an axis
        const values = store.column(column);
        const size = Math.max(...extent(values).map(Math.abs)) * parameter.factor;
        const scale = prefixFor(size, parameter.base);
        const scaled = values.map((value) => (value * parameter.factor) / scale.factor);
        plot.paint(steps, [{ values: scaled, color: 0 }], Math.floor(box.clientWidth) || FALLBACK_WIDTH);
        setText(unit, `change${parameter.base === "1" ? "" : ` in ${unitText(scale.unit)}`}`);
        const newest = (store.newest(column) ?? Number.NaN) + parameter.start / parameter.factor;
        setText(
          now,
          !Number.isFinite(newest)
            ? ""
            : withMinus(`${Number(newest.toPrecision(8))} ${unitText(parameter.unit)}`),
        );
      }
    },
    close: unwatch,
  };
}
