// Starts, holds, steers and stops learning, shows how it goes while it goes and, at the end, what was learned.

import { createRoot, html, onceAFrame, setAttribute, setHidden, setText } from "../shared/dom";
import { createLatch } from "../shared/latch";
import { type Bytes, floats } from "../shared/message";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { formatNumber } from "../shared/quantity";
import { TraceStore } from "./trace_store";
import { createTracesView, OWN } from "./traces_view";
import type { MonitorTraits, Steps } from "./types";

export type { MonitorTraits } from "./types";

// decades of the slider of the learning rate
const SLOWEST = -5;
const FASTEST = 0;

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
  const rate = html("input", {
    type: "range", min: SLOWEST, max: FASTEST, step: 0.05, "aria-label": "learning rate", "data-testid": "rate",
  });
  const rateText = html("output", { class: "qx-rate-value", "data-testid": "rate-value" });
  const rateRow = html("label", { class: "qx-rate", title: "learning rate; it can be changed while learning goes on" },
    "learning rate", rate, rateText);
  const choice = html("div", { class: "qx-status", "data-testid": "choice" });
  const status = html("div", { class: "qx-status", role: "status", "aria-live": "polite", "data-testid": "learn-status" });
  const iteration = readout("iteration", "iteration");
  const loss = readout("loss", "loss");
  const gradient = readout("gradient norm", "gradient-norm");
  const time = readout("time", "elapsed");
  const tableBody = html("tbody");
  const table = html(
    "table", { class: "qx-table", "data-testid": "learn-table" },
    html("thead", {}, html("tr", {},
      html("th", { scope: "col" }, "parameter"), html("th", { scope: "col" }, "path"),
      html("th", { scope: "col", class: "qx-value" }, "learned value"))),
    tableBody,
  );
  const tableHolder = html("div", { class: "qx-table-holder" }, table);

  const store = new TraceStore();
  const sent = new Set<number>();
  const latch = createLatch<{ kind: "rate"; value: number }>({
    next: nextRequest,
    send(message, request) {
      sent.add(request);
      model.send({ ...message, request });
    },
  });

  const newest = (column: number, digits: number): string => {
    const value = store.newest(column);
    return value === undefined ? "–" : formatNumber(value, digits);
  };
  const showTime = (): void => {
    const seconds = Math.max(model.get("elapsed") ?? 0, store.newest(2) ?? 0);
    setText(time.value, seconds > 0 ? `${seconds.toFixed(1)} s` : "–");
  };
  const paint = onceAFrame(() => {
    traces.paint();
    root.dataset.frames = String(Number(root.dataset.frames ?? 0) + 1);
    setText(iteration.value, store.length > 0 ? String(store.iterations.at(-1)) : "–");
    setText(loss.value, newest(0, 5));
    setText(gradient.value, newest(1, 3));
    showTime();
  });
  const traces = createTracesView(
    store,
    (picked) => {
      model.set("picked", picked);
      model.save_changes();
    },
    () => paint.ask(),
  );

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
  const showMethods = (): void => {
    method.replaceChildren(...(model.get("methods") ?? []).map(({ name, label }) => html("option", { value: name }, label)));
    showMethod();
  };
  const showMethod = (): void => {
    method.value = model.get("method");
    setHidden(rateRow, !(model.get("methods") ?? []).find(({ name }) => name === model.get("method"))?.rate);
    showChoice();
  };
  const showChoice = (): void => {
    const words = model.get("method") === "auto" ? model.get("choice") : "";
    setText(choice, words);
    setHidden(choice, words === "");
  };
  const showRate = (value: number): void => {
    const position = String(Math.log10(value));
    if (document.activeElement !== rate) rate.value = position;
    setText(rateText, formatNumber(value, 2));
    setAttribute(rate, "aria-valuetext", formatNumber(value, 2));
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
  const showTraces = (): void => {
    const known = model.get("traces") ?? {};
    store.begin(OWN + (known.datasets?.length ?? 0) + (known.parameters?.length ?? 0));
    traces.begin(known, model.get("picked") ?? {});
    paint.ask();
  };

  const command = (kind: "start" | "pause" | "resume" | "stop" | "ready"): void => {
    const request = nextRequest();
    sent.add(request);
    model.send({ kind, request });
  };
  learn.addEventListener("click", () => command("start"));
  pause.addEventListener("click", () => command(model.get("state") === "paused" ? "resume" : "pause"));
  stop.addEventListener("click", () => command("stop"));
  method.addEventListener("change", () => {
    model.set("method", method.value);
    model.save_changes();
    showMethod();
  });
  rate.addEventListener("input", () => {
    const value = Number((10 ** Number(rate.value)).toPrecision(3));
    showRate(value);
    latch.ask({ kind: "rate", value }, { key: "rate" });
  });

  const heard = listener(model);
  heard.on("change:state", () => {
    showState();
    showStatus();
  });
  heard.on("change:status", showStatus);
  heard.on("change:methods", showMethods);
  heard.on("change:method", showMethod);
  heard.on("change:choice", showChoice);
  heard.on("change:rate", () => showRate(model.get("rate")));
  heard.on("change:traces", showTraces);
  heard.on("change:table", showTable);
  heard.on("change:elapsed", showTime);
  heard.on("msg:custom", (content: Ack | Steps | { kind: "clear" }, buffers: Bytes[]) => {
    if (content.kind === "steps") {
      if (content.whole) store.clear();
      store.append(floats(buffers?.[0]), content.iteration);
      paint.ask();
    } else if (content.kind === "clear") {
      store.clear();
      paint.ask();
    } else if (content.kind === "ack" && sent.delete(content.request)) {
      latch.answered(content.request);
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
    rateRow,
    choice,
    status,
    notice.element,
    html("div", { class: "qx-readouts" }, iteration.element, loss.element, gradient.element, time.element),
    traces.element,
    tableHolder,
  );
  showMethods();
  showRate(model.get("rate") ?? 0.02);
  showState();
  showStatus();
  showTable();
  showTraces();
  el.append(root);
  paint.ask();
  // a view that is made while a run goes on, or after it, is told what was before
  command("ready");

  return () => {
    heard.release();
    latch.close();
    traces.close();
    paint.cancel();
    root.remove();
  };
}

export default { render };
