// A race of methods on one problem: their losses live in one plot, and what each needed at the end.

import { createRoot, html, onceAFrame, setHidden, setText, watchWidth, widthOf } from "../shared/dom";
import { type Bytes, floats } from "../shared/message";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { formatNumber } from "../shared/quantity";
import { type Course, createRacePlot } from "./plot";
import type { Laps, RaceRow, RaceTraits } from "./types";

const HEIGHT = 300;
const FALLBACK_WIDTH = 640;
const COLUMNS = 4;

function times(ratio: number, reached: boolean): string {
  return Number.isFinite(ratio) ? `${reached ? "" : "> "}${formatNumber(ratio, 3)} ×` : "–";
}

function render({ model, el }: RenderContext<RaceTraits>): CleanUp {
  const root = createRoot("race", "Race of methods");
  const notice = createNotice();
  const lamp = createLamp();
  const button = (testid: string, word: string, label: string): HTMLButtonElement =>
    html("button", { type: "button", class: "qx-button", "data-testid": testid, "aria-label": label, title: label }, word);
  const start = button("race-start", "Race", "let the methods race");
  const pause = button("race-pause", "Pause", "pause the race");
  const stop = button("race-stop", "Stop", "end the race");
  start.classList.add("qx-primary");
  const axis = html("select", { class: "qx-select", "aria-label": "axis of the plot", "data-testid": "race-axis" });
  axis.append(html("option", { value: "evaluations" }, "by evaluations"), html("option", { value: "seconds" }, "by seconds"));
  const status = html("div", { class: "qx-status", role: "status", "aria-live": "polite", "data-testid": "race-status" });
  const legend = html("div", { class: "qx-legend" });
  const plot = createRacePlot(HEIGHT);
  const holder = html("div", { class: "qx-plot" }, plot.element);
  const width = widthOf(holder, FALLBACK_WIDTH);
  const body = html("tbody");
  const heads = ["method", "evaluations", "ratio", "seconds", "ratio", "lowest loss", "ended"];
  const table = html(
    "table", { class: "qx-table", "data-testid": "race-table" },
    html("thead", {}, html("tr", {}, ...heads.map((name) => html("th", { scope: "col" }, name)))), body,
  );
  const sent = new Set<number>();
  let courses: Course[] = [];

  const paint = onceAFrame(() => plot.paint(courses, model.get("axis") ?? "evaluations", model.get("level") ?? 0, width()));
  const clear = (): void => {
    courses = (model.get("lines") ?? []).map(() => ({ evaluations: [], seconds: [], loss: [] }));
    paint.ask();
  };
  const append = (numbers: Float32Array): void => {
    for (let i = 0; i + COLUMNS <= numbers.length; i += COLUMNS) {
      const course = courses[numbers[i] as number];
      if (!course) continue;
      course.evaluations.push(numbers[i + 1] as number);
      course.seconds.push(numbers[i + 2] as number);
      course.loss.push(numbers[i + 3] as number);
    }
    paint.ask();
  };
  const showLines = (): void => {
    legend.replaceChildren(
      ...(model.get("lines") ?? []).map(({ label }, i) => html("span", { class: `qx-color-${i % 6}` }, html("i"), label)),
    );
    clear();
  };
  const showState = (): void => {
    const state = model.get("state");
    const busy = state === "compiling" || state === "running" || state === "paused";
    root.dataset.state = state;
    lamp.show(state);
    start.disabled = busy;
    stop.disabled = !busy;
    pause.disabled = state !== "running" && state !== "paused";
    setText(pause, state === "paused" ? "Resume" : "Pause");
    status.classList.toggle("qx-error", state === "error");
  };
  const showStatus = (): void => setText(status, model.get("status") || "Ready to race.");
  const showAxis = (): void => {
    axis.value = model.get("axis");
    paint.ask();
  };
  const cells = (row: RaceRow): string[] => {
    const reached = row.evaluations !== null;
    return [
      row.evaluations === null ? "not reached" : String(row.evaluations),
      times(row.ratio_evaluations, reached),
      row.seconds === null ? "not reached" : `${formatNumber(row.seconds, 3)} s`,
      times(row.ratio_seconds, reached),
      formatNumber(row.loss, 5),
    ];
  };
  const showRows = (): void => {
    const rows = model.get("rows") ?? [];
    body.replaceChildren(
      ...rows.map((row) =>
        html("tr", {},
          html("th", { scope: "row" }, row.label),
          ...cells(row).map((text) => html("td", { class: "qx-value" }, text)),
          html("td", {}, row.status)),
      ),
    );
    setHidden(table, rows.length === 0);
    paint.ask();
  };

  const command = (kind: string): void => {
    const request = nextRequest();
    sent.add(request);
    model.send({ kind, request });
  };
  start.addEventListener("click", () => command("start"));
  stop.addEventListener("click", () => command("stop"));
  pause.addEventListener("click", () => command(model.get("state") === "paused" ? "resume" : "pause"));
  axis.addEventListener("change", () => {
    model.set("axis", axis.value as RaceTraits["axis"]);
    model.save_changes();
    paint.ask();
  });

  const heard = listener(model);
  heard.on("change:state", showState);
  heard.on("change:status", showStatus);
  heard.on("change:lines", showLines);
  heard.on("change:axis", showAxis);
  heard.on("change:level", paint.ask);
  heard.on("change:rows", showRows);
  heard.on("msg:custom", (content: Ack | Laps | { kind: "clear" }, buffers: Bytes[]) => {
    if (content.kind === "laps") {
      if (content.whole) clear();
      append(floats(buffers?.[0]));
    } else if (content.kind === "clear") clear();
    else if (content.kind === "ack" && sent.delete(content.request)) {
      root.dataset.request = String(content.request);
      notice.passing(content.error);
    }
  });

  root.append(
    html(
      "div", { class: "qx-head" },
      html("h2", { class: "qx-title" }, "Race"), lamp.element,
      html("div", { class: "qx-buttons qx-push" }, axis, start, pause, stop),
    ),
    status,
    notice.element,
    legend,
    holder,
    table,
  );
  showLines();
  showState();
  showStatus();
  showAxis();
  showRows();
  el.append(root);
  const unwatch = watchWidth(holder, paint.ask);
  command("ready");

  return () => {
    heard.release();
    unwatch();
    paint.cancel();
    root.remove();
  };
}

export default { render };
