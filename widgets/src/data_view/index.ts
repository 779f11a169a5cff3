// Measured data against the prediction of the twin, and what is left between them.

import { createRoot, html, onceAFrame, setText, watchWidth, widthOf } from "../shared/dom";
import { type Bytes, floats } from "../shared/message";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { createCurve } from "./curve";
import { createHeatmap } from "./heatmap";
import { createDatasets } from "./datasets";
import { createTabs } from "./tabs";
import type { Frame, Plot, Series, ViewTraits } from "./types";

const FALLBACK_WIDTH = 640;
const NOTHING = new Float32Array(0);
const UNSURE = { lower: NOTHING, upper: NOTHING, level: 0 };

type Incoming =
  | Ack
  | { kind: "data"; error_bars: boolean }
  | { kind: "model"; request: number; summary?: string; level?: number };

function isFrame(frame: ViewTraits["frame"] | undefined): frame is Frame {
  return frame !== undefined && (frame.kind === "curve" || frame.kind === "heatmap");
}

function seriesSize(frame: Frame): number {
  return frame.x_values.length * (frame.kind === "heatmap" ? frame.y_values.length : 1);
}

function render({ model, el }: RenderContext<ViewTraits>): CleanUp {
  const root = createRoot("data-view", "Data and twin");
  root.dataset.testid = "data-view";
  const notice = createNotice();
  const lamp = createLamp();
  const title = html("h2", { class: "qx-title" });
  const summary = html("div", { class: "qx-summary", "data-testid": "summary" });
  const holder = html("div", { class: "qx-holder", role: "tabpanel", "aria-label": "plot" });
  const width = widthOf(holder, FALLBACK_WIDTH);
  const sent = new Set<number>();
  let data: Float32Array = NOTHING;
  let errors: Float32Array = NOTHING;
  let predicted: Float32Array = NOTHING;
  let band: Pick<Series, "lower" | "upper" | "level"> = UNSURE;
  let request = 0;
  let plot: Plot | null = null;

  const selected = (frame: Frame): number => Math.max(0, Math.min(frame.series.length - 1, model.get("selected") ?? 0));

  const paint = onceAFrame(() => {
    const frame = model.get("frame");
    if (!plot || !isFrame(frame)) return;
    const size = seriesSize(frame);
    const start = selected(frame) * size;
    const part = (values: Float32Array): Float32Array =>
      values.length === size * frame.series.length ? values.subarray(start, start + size) : NOTHING;
    const sure = { lower: part(band.lower), upper: part(band.upper), level: band.level };
    const series = { data: part(data), errors: part(errors), model: part(predicted), ...sure };
    plot.paint(series, width());
    if (request > 0 && series.model.length > 0) root.dataset.request = String(request);
  });

  const choose = (index: number): void => {
    model.set("selected", index);
    model.save_changes();
    showSelected();
  };
  const tabs = createTabs(choose);
  const datasets = createDatasets((name) => {
    const asked = nextRequest();
    sent.add(asked);
    model.send({ kind: "show", name, request: asked });
  });
  const showSelected = (): void => {
    const frame = model.get("frame");
    if (!isFrame(frame)) return;
    tabs.show(frame.series, selected(frame));
    paint.ask();
  };

  const showFrame = (): void => {
    const frame = model.get("frame");
    plot = isFrame(frame) ? (frame.kind === "curve" ? createCurve(frame) : createHeatmap(frame)) : null;
    holder.replaceChildren(...(plot ? [plot.element] : []));
    setText(title, isFrame(frame) ? frame.title : "");
    showSelected();
  };
  const showState = (): void => {
    const state = model.get("state");
    root.dataset.state = state;
    lamp.show(state);
    notice.standing(model.get("notice"), state === "error");
  };
  const showDatasets = (): void => datasets.show(model.get("names") ?? [], model.get("shown") ?? "");
  const showSummary = (): void => setText(summary, model.get("summary") ?? "");

  holder.addEventListener("keydown", (event) => {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
    };
    const move = moves[event.key];
    if (!move || !plot) return;
    event.preventDefault();
    plot.step(...move);
  });

  const heard = listener(model);
  // numbers may overtake the frame they belong to, so a new frame throws none away; those of a wrong size wait
  heard.on("change:frame", showFrame);
  heard.on("change:selected", showSelected);
  heard.on("change:names", showDatasets);
  heard.on("change:shown", showDatasets);
  heard.on("change:summary", showSummary);
  heard.on("change:state", showState);
  heard.on("change:notice", showState);
  heard.on("msg:custom", (content: Incoming, buffers: Bytes[]) => {
    if (content.kind === "data") {
      data = floats(buffers?.[0]);
      errors = content.error_bars ? floats(buffers?.[1]) : NOTHING;
      // a curve and a summary that came before were of other data
      predicted = NOTHING;
      band = UNSURE;
      showSummary();
      paint.ask();
    } else if (content.kind === "model") {
      predicted = floats(buffers?.[0]);
      band = { lower: floats(buffers?.[1]), upper: floats(buffers?.[2]), level: content.level ?? 0 };
      // what was drawn without being asked for answers the last request as well
      if (content.request > 0) request = content.request;
      if (content.summary !== undefined) setText(summary, content.summary);
      paint.ask();
    } else if (content.kind === "ack" && sent.delete(content.request)) {
      notice.passing(content.error);
      // what was chosen and refused is not what is shown
      if (content.error) showDatasets();
    }
  });

  root.append(
    html("div", { class: "qx-head" }, datasets.element, title, lamp.element, html("div", { class: "qx-push" }, tabs.element)),
    summary,
    notice.element,
    holder,
  );
  showFrame();
  showDatasets();
  showState();
  showSummary();
  el.append(root);
  const unwatch = watchWidth(holder, paint.ask);
  const first = nextRequest();
  sent.add(first);
  model.send({ kind: "ready", request: first });

  return () => {
    heard.release();
    paint.cancel();
    unwatch();
    root.remove();
  };
}

export default { render };
