// A computational graph: sliders for its inputs, values forward and gradients backward on every node.

import { createRoot, html, onceAFrame, setAttribute, setText } from "../shared/dom";
import { createLatch } from "../shared/latch";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createNotice } from "../shared/notice";
import { Drawing, sentence, shown, table } from "./drawing";
import type { GraphTraits, SetMessage } from "./types";

const STEPS = 1000;

function render({ model, el }: RenderContext<GraphTraits>): CleanUp {
  const root = createRoot("computational-graph", "Computational graph");
  const notice = createNotice();
  const nodes = model.get("nodes");
  const words = html("p", { class: "qx-words", "aria-live": "polite", "data-testid": "words" });
  let chosen: number | null = null;

  const latch = createLatch<SetMessage>({
    next: nextRequest,
    send: (message, request) => model.send({ ...message, request }),
    onTimeout: () => notice.passing("The kernel has not answered for 10 s. It may be busy; the widget goes on."),
  });

  const choose = (k: number | null): void => {
    chosen = k;
    drawing.bringOut(k);
    setText(words, k === null ? "Choose a node to see how its gradient comes about." : sentence(nodes, model.get("numbers"), k));
  };
  const drawing = new Drawing(nodes, choose);
  const rows = table(nodes);

  const sliders = model.get("sliders").map(({ name, low, high }, k) => {
    const number = html("output", { class: "qx-number" });
    const slider = html("input", {
      type: "range", class: "qx-slider", min: 0, max: STEPS, step: 1, "aria-label": name, "data-testid": `slider:${name}`,
    });
    const place = (value: number): void => {
      slider.value = String(Math.round(((value - low) / (high - low)) * STEPS));
      setText(number, shown(value));
      setAttribute(slider, "aria-valuetext", shown(value));
    };
    place(model.get("numbers").values[k] ?? low);
    slider.addEventListener("input", () => {
      const value = low + ((high - low) * Number(slider.value)) / STEPS;
      place(value);
      latch.ask({ kind: "set", name, value }, { key: name });
    });
    return html("label", { class: "qx-input" }, html("span", { class: "qx-name" }, name), slider, number);
  });

  const show = (): void => {
    const numbers = model.get("numbers");
    drawing.show(numbers);
    rows.show(numbers);
    choose(chosen);
  };
  const frame = onceAFrame(show);

  const heard = listener(model);
  heard.on("change:numbers", frame.ask);
  heard.on("msg:custom", (content: Ack) => {
    if (content.kind !== "ack") return;
    latch.answered(content.request);
    notice.passing(content.error);
    root.dataset.request = String(content.request);
  });
  const leave = (event: KeyboardEvent): void => {
    if (event.key === "Escape") choose(null);
  };
  root.addEventListener("keydown", leave);

  root.append(
    html("div", { class: "qx-head" }, html("h2", { class: "qx-title" }, "Computational graph"),
      html("span", { class: "qx-key qx-value" }, "value, forward"),
      html("span", { class: "qx-key qx-gradient" }, "gradient of the result, backward")),
    html("div", { class: "qx-inputs" }, ...sliders),
    notice.element,
    html("div", { class: "qx-scroll" }, drawing.element),
    words,
    html("details", {}, html("summary", {}, "as a table"), rows.element),
  );
  show();
  el.append(root);

  return () => {
    heard.release();
    latch.close();
    frame.cancel();
    root.remove();
  };
}

export default { render };
