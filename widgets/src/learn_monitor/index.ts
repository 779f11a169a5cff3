// Starts, holds and stops learning, shows the falling loss and, at the end, what was learned.

import { createRoot, html, onceAFrame, setText, watchWidth, widthOf } from "../shared/dom";
import { type Bytes, floats } from "../shared/message";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { formatNumber } from "../shared/quantity";
import { createLossPlot } from "./loss_plot";

export type State = "idle" | "compiling" | "running" | "paused" | "done" | "error";
type Method = "levenberg-marquardt" | "adam";

export interface MonitorTraits {
  state: State;
  status: string;
  method: Method;
  table: { path: string; label: string; text: string }[];
  elapsed: number;
}

interface Steps {
  kind: "steps";
  /** Number of the last step in the message. */
  iteration: number;
  /** Null or a word where it is not finite. */
  gradient_norm: number | string | null;
  seconds: number;
}

const METHODS: readonly [Method, string][] = [
  ["levenberg-marquardt", "Levenberg–Marquardt"],
  ["adam", "Adam"],
];
const PLOT_HEIGHT = 190;
const FALLBACK_WIDTH = 480;

function commandButton(testid: string, word: string, label: string): HTMLButtonElement {
  return html(
    "button", { type: "button", class: "qx-button", "data-testid": testid, "aria-label": label, title: label }, word,
  );
}

function readout(name: string, testid: string): { element: HTMLElement; value: HTMLElement } {
  const value = html("div", { class: "qx-readout-value", "data-testid": testid }, "–");
  return { element: html("div", { class: "qx-readout" }, html("div", { class: "qx-readout-name" }, name), value), value };
}

function render({ model, el }: RenderContext<MonitorTraits>): CleanUp {
  const root = createRoot("learn-monitor", "Learning");
  const notice = createNotice();
  const lamp = createLamp();
  const learn = commandButton("learn", "Learn", "learn the free parameters from the data");
  const pause = commandButton("pause", "Pause", "pause learning");
  const stop = commandButton("stop", "Stop", "stop learning and keep the best values");
  learn.classList.add("qx-primary");
  const method = html("select", { class: "qx-select", "aria-label": "method of learning", "data-testid": "method" });
  method.append(...METHODS.map(([value, name]) => html("option", { value }, name)));
  const status = html("div", { class: "qx-status", role: "status", "aria-live": "polite", "data-testid": "learn-status" });
  const iteration = readout("iteration", "iteration");
  const loss = readout("loss", "loss");
  const gradient = readout("gradient norm", "gradient-norm");
  const time = readout("time", "elapsed");
  const plot = createLossPlot();
  const plotHolder = html("div", { class: "qx-plot" }, plot.element);
  const width = widthOf(plotHolder, FALLBACK_WIDTH);
  const tableBody = html("tbody");
  const table = html(
    "table", { class: "qx-table", "data-testid": "learn-table" },
    html("thead", {}, html("tr", {},
      html("th", { scope: "col" }, "parameter"), html("th", { scope: "col" }, "path"),
      html("th", { scope: "col", class: "qx-value" }, "learned value"))),
    tableBody,
  );
  const tableHolder = html("div", { class: "qx-table-holder" }, table);

  const iterations: number[] = [];
  const losses: number[] = [];
  const sent = new Set<number>();
  let latest: Steps | null = null;

  const showTime = (): void => {
    const seconds = Math.max(model.get("elapsed") ?? 0, latest?.seconds ?? 0);
    setText(time.value, seconds > 0 ? `${seconds.toFixed(1)} s` : "–");
  };

  const paint = onceAFrame(() => {
    plot.paint(iterations, losses, width(), PLOT_HEIGHT);
    setText(iteration.value, latest ? String(latest.iteration) : "–");
    const newest = losses.at(-1);
    setText(loss.value, newest === undefined ? "–" : formatNumber(newest, 5));
    setText(gradient.value, latest ? formatNumber(Number(latest.gradient_norm ?? Number.NaN), 3) : "–");
    showTime();
  });

  const showState = (): void => {
    const state = model.get("state");
    const busy = state === "compiling" || state === "running" || state === "paused";
    root.dataset.state = state;
    lamp.show(state);
    learn.disabled = busy;
    method.disabled = busy;
    pause.disabled = state !== "running" && state !== "paused";
    stop.disabled = !busy;
    const held = state === "paused";
    setText(pause, held ? "Resume" : "Pause");
    pause.title = held ? "resume learning" : "pause learning";
    pause.setAttribute("aria-label", pause.title);
    status.classList.toggle("qx-error", state === "error");
  };
  const showStatus = (): void => {
    setText(status, model.get("status") || (model.get("state") === "idle" ? "Ready to learn." : ""));
  };
  const showMethod = (): void => {
    method.value = model.get("method");
  };
  const showTable = (): void => {
    const rows = model.get("table") ?? [];
    tableBody.replaceChildren(
      ...rows.map(({ path, label, text }) =>
        html("tr", { "data-testid": `learned:${path}` },
          html("td", {}, label), html("td", { class: "qx-path", title: path }, path), html("td", { class: "qx-value" }, text)),
      ),
    );
    tableHolder.hidden = rows.length === 0;
  };

  const command = (kind: "start" | "pause" | "resume" | "stop"): void => {
    const request = nextRequest();
    sent.add(request);
    model.send({ kind, request });
  };
  learn.addEventListener("click", () => command("start"));
  pause.addEventListener("click", () => command(model.get("state") === "paused" ? "resume" : "pause"));
  stop.addEventListener("click", () => command("stop"));
  method.addEventListener("change", () => {
    model.set("method", method.value as Method);
    model.save_changes();
  });

  const addSteps = (steps: Steps, fresh: Float32Array): void => {
    const first = steps.iteration - fresh.length + 1;
    fresh.forEach((value, i) => {
      iterations.push(first + i);
      losses.push(value);
    });
    latest = steps;
    paint.ask();
  };

  const heard = listener(model);
  heard.on("change:state", () => {
    showState();
    showStatus();
  });
  heard.on("change:status", showStatus);
  heard.on("change:method", showMethod);
  heard.on("change:table", showTable);
  heard.on("change:elapsed", showTime);
  heard.on("msg:custom", (content: Ack | Steps | { kind: "clear" }, buffers: Bytes[]) => {
    if (content.kind === "steps") addSteps(content, floats(buffers?.[0]));
    else if (content.kind === "clear") {
      iterations.length = 0;
      losses.length = 0;
      latest = null;
      paint.ask();
    } else if (content.kind === "ack" && sent.delete(content.request)) {
      root.dataset.request = String(content.request);
      notice.passing(content.error);
    }
  });

  root.append(
    html(
      "div", { class: "qx-head" },
      html("h2", { class: "qx-title" }, "Learn"), lamp.element,
      html("div", { class: "qx-buttons qx-push" }, method, learn, pause, stop),
    ),
    status,
    notice.element,
    html("div", { class: "qx-readouts" }, iteration.element, loss.element, gradient.element, time.element),
    plotHolder,
    tableHolder,
  );
  showState();
  showStatus();
  showMethod();
  showTable();
  showTime();
  el.append(root);
  paint.ask();
  const unwatch = watchWidth(plotHolder, paint.ask);

  return () => {
    heard.release();
    paint.cancel();
    unwatch();
    root.remove();
  };
}

export default { render };
