// The panel of all parameters of the twin: sliders and number boxes that move it, and which ones are free to learn.

import { createRoot, html, onceAFrame, setText } from "../shared/dom";
import { createLatch } from "../shared/latch";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { ParameterList } from "./list";
import type { PanelMessage, PanelTraits } from "./types";

// rows may follow the answer to a final value; only after this many milliseconds the value counts as unchanged
const ROWS_FOLLOW = 250;

const SPANS: readonly [share: number, name: string][] = [
  [1, "span 1"],
  [0.1, "span 1/10"],
  [0.01, "span 1/100"],
];

type HistoryKind = "undo" | "redo" | "reset";

function historyButton(kind: HistoryKind, word: string, label: string): HTMLButtonElement {
  return html(
    "button", { type: "button", class: "qx-button", "data-testid": kind, "aria-label": label, title: label }, word,
  );
}

function render({ model, el }: RenderContext<PanelTraits>): CleanUp {
  const root = createRoot("parameter-panel", "Parameters of the twin");
  const notice = createNotice();
  const lamp = createLamp();
  const search = html("input", {
    type: "search", class: "qx-field qx-search", placeholder: "search", "aria-label": "search parameters",
    autocomplete: "off", spellcheck: "false", "data-testid": "search",
  });
  const onlyFree = html("input", { type: "checkbox", "data-testid": "only-free", "aria-label": "show only free parameters" });
  const span = html("select", {
    class: "qx-select", "aria-label": "span of the sliders", title: "span of the sliders: smaller for the last digits",
    "data-testid": "span",
  });
  span.append(...SPANS.map(([share, name]) => html("option", { value: share }, name)));
  const buttons = {
    undo: historyButton("undo", "Undo", "undo the last change"),
    redo: historyButton("redo", "Redo", "redo the change undone last"),
    reset: historyButton("reset", "Reset", "reset all parameters"),
  };
  const total = html("span", { class: "qx-total", role: "status", "data-testid": "total" });
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const sent = new Map<number, PanelMessage>();

  const latch = createLatch<PanelMessage>({
    next: nextRequest,
    send(message, request) {
      sent.set(request, message);
      model.send({ ...message, request });
    },
    onTimeout: () => notice.passing("The kernel has not answered for 10 s. It may be busy; the widget goes on."),
  });

  const look = model.get("look") ?? {};
  search.value = look.query ?? "";
  onlyFree.checked = look.only_free ?? false;
  span.value = String(look.span ?? 1);
  const remember = (): void => {
    const now = { query: search.value, only_free: onlyFree.checked, span: Number(span.value), folds: { ...list.folds } };
    if (JSON.stringify(now) === JSON.stringify(model.get("look"))) return;
    model.set("look", now);
    model.save_changes();
  };

  const list = new ParameterList({
    set: (path, value, final) => latch.ask({ kind: "set", path, value, final }, { key: path, keep: final }),
    free: (paths, free) => latch.ask({ kind: "free", paths, free }),
    looked: () => {
      filter();
      remember();
    },
    refuse: (path, text, unit) =>
      notice.passing(`\`${path}\` is a number${unit ? ` in ${unit}` : ""}; got "${text}". Escape brings the value back.`),
    pending: (path) => latch.has((message) => message.kind === "set" && message.path === path),
  }, { ...look.folds });

  const filter = (): void => {
    const rows = model.get("rows") ?? [];
    const shown = list.filter(search.value, onlyFree.checked);
    const free = rows.filter((row) => row.free).length;
    const filtered = search.value.trim() !== "" || onlyFree.checked;
    setText(total, filtered ? `${shown} of ${rows.length} shown, ${free} free` : `${free} of ${rows.length} free`);
  };
  const showRows = (): void => {
    const rows = model.get("rows") ?? [];
    list.update(rows);
    filter();
    buttons.reset.disabled = !rows.some((row) => row.changed);
  };
  const rowsFrame = onceAFrame(showRows);

  const showState = (): void => {
    const state = model.get("state");
    root.dataset.state = state;
    lamp.show(state);
    notice.standing(model.get("notice"), state === "error");
  };
  const showHistory = (): void => {
    const history = model.get("history");
    buttons.undo.disabled = !history?.can_undo;
    buttons.redo.disabled = !history?.can_redo;
  };

  const restoreLater = (path: string): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!latch.has((message) => message.kind === "set" && message.path === path)) list.view(path)?.restore();
    }, ROWS_FOLLOW);
    timers.add(timer);
  };

  const onAck = (ack: Ack): void => {
    const message = sent.get(ack.request);
    if (!message) return;
    sent.delete(ack.request);
    latch.answered(ack.request);
    root.dataset.request = String(ack.request);
    notice.passing(ack.error);
    if (message.kind === "free") {
      if (ack.error) for (const path of message.paths) list.view(path)?.restore();
      filter();
    } else if (message.kind === "set") {
      if (ack.error) list.view(message.path)?.restore();
      else if (message.final) restoreLater(message.path);
    }
  };

  const refilter = (): void => {
    filter();
    remember();
  };
  search.addEventListener("input", refilter);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || search.value === "") return;
    search.value = "";
    refilter();
  });
  onlyFree.addEventListener("change", refilter);
  span.addEventListener("change", () => {
    list.zoom(Number(span.value));
    remember();
  });
  for (const kind of ["undo", "redo", "reset"] as const) {
    buttons[kind].addEventListener("click", () => latch.ask({ kind }));
  }

  const heard = listener(model);
  heard.on("change:rows", rowsFrame.ask);
  heard.on("change:history", showHistory);
  heard.on("change:state", showState);
  heard.on("change:notice", showState);
  heard.on("msg:custom", (content: Ack) => {
    if (content.kind === "ack") onAck(content);
  });

  root.append(
    html(
      "div", { class: "qx-head" },
      html("h2", { class: "qx-title" }, "Parameters"), lamp.element,
      html("div", { class: "qx-buttons qx-push" }, buttons.undo, buttons.redo, buttons.reset),
    ),
    html(
      "div", { class: "qx-head qx-filters" },
      search, html("label", { class: "qx-check" }, onlyFree, "free only"), total, span,
    ),
    notice.element,
    list.element,
  );
  showRows();
  list.zoom(Number(span.value));
  showHistory();
  showState();
  el.append(root);

  return () => {
    heard.release();
    latch.close();
    list.close();
    rowsFrame.cancel();
    for (const timer of timers) clearTimeout(timer);
    root.remove();
  };
}

export default { render };
