// What a fit is worth: each parameter with its interval and verdict, and what is explained and what not.

import { createRoot, html, setHidden, setText } from "../shared/dom";
import { type Ack, type CleanUp, listener, nextRequest, type RenderContext } from "../shared/model";
import { createLamp, createNotice } from "../shared/notice";
import { formatNumber } from "../shared/quantity";
import type { EstimateRow, ExaminationTraits } from "./types";

export type { ExaminationTraits } from "./types";

/** How much narrower the data made it, as a bar: full where they told nothing. */
function width(ratio: number): HTMLElement {
  const bar = html("span", { class: "qx-width", "aria-hidden": "true" }, html("i"));
  (bar.firstChild as HTMLElement).style.width = `${(100 * Math.min(1, Math.max(0, ratio))).toFixed(1)}%`;
  return html("td", { class: "qx-ratio" }, bar, formatNumber(ratio, 2));
}

function line({ path, label, number, range, verdict, ratio }: EstimateRow): HTMLElement {
  return html(
    "tr", { "data-testid": `estimate:${path}`, "data-verdict": verdict.replace(" ", "-") },
    html("td", { class: "qx-name" }, label, " ", html("span", { class: "qx-where" }, path)),
    html("td", { class: "qx-value" },
      html("div", {}, number || "–"),
      html("div", { class: "qx-range" }, range + (verdict === "not learned" ? " (before)" : ""))),
    html("td", {}, html("span", { class: "qx-verdict" }, verdict)), width(ratio),
  );
}

function render({ model, el }: RenderContext<ExaminationTraits>): CleanUp {
  const root = createRoot("examination", "What the fit is worth");
  const notice = createNotice();
  const lamp = createLamp();
  const words = "say how sure each learned parameter is, and which data are explained";
  const button = html(
    "button", { type: "button", class: "qx-button", "data-testid": "examine", title: words, "aria-label": words }, "Examine",
  );
  const status = html("div", { class: "qx-status", role: "status", "aria-live": "polite", "data-testid": "worth-status" });
  const findings = html("ul", { class: "qx-findings", "data-testid": "findings" });
  const body = html("tbody");
  const interval = html("span");
  const table = html(
    "table", { class: "qx-table", "data-testid": "worth-table" },
    html("thead", {}, html("tr", {},
      html("th", { scope: "col" }, "parameter"), html("th", { scope: "col", class: "qx-value" }, "learned value, ", interval),
      html("th", { scope: "col" }, "verdict"),
      html("th", { scope: "col", title: "width of what is known after the data, over that before" }, "after/before"))),
    body,
  );
  const holder = html("div", { class: "qx-table-holder" }, table);
  const sent = new Set<number>();

  const showState = (): void => {
    const state = model.get("state");
    root.dataset.state = state;
    lamp.show(state);
    button.disabled = state === "examining";
    status.classList.toggle("qx-error", state === "error");
  };
  const showStatus = (): void => {
    const idle = "Learn, then examine: how sure each parameter is, what is explained, and what the data do not tell.";
    setText(status, model.get("status") || model.get("head") || (model.get("state") === "idle" ? idle : ""));
  };
  const showRows = (): void => {
    const rows = model.get("rows") ?? [];
    setText(interval, `${formatNumber(100 * (model.get("level") ?? 0), 3)} % interval`);
    body.replaceChildren(...rows.map(line));
    setHidden(holder, rows.length === 0);
  };
  const showFindings = (): void => {
    const found = model.get("findings") ?? [];
    // two spaces in front say that a line belongs to the one above it
    findings.replaceChildren(
      ...found.flatMap((text) => text.split("\n")).map((text) =>
        html("li", { class: text.startsWith(" ") ? "qx-below" : undefined }, text.trim()),
      ),
    );
    setHidden(findings, found.length === 0);
  };

  button.addEventListener("click", () => {
    const request = nextRequest();
    sent.add(request);
    model.send({ kind: "start", request });
  });
  const heard = listener(model);
  heard.on("change:state", () => {
    showState();
    showStatus();
  });
  heard.on("change:status", showStatus);
  heard.on("change:head", showStatus);
  heard.on("change:rows", showRows);
  heard.on("change:level", showRows);
  heard.on("change:findings", showFindings);
  heard.on("msg:custom", (content: Ack) => {
    if (content.kind === "ack" && sent.delete(content.request)) {
      root.dataset.request = String(content.request);
      notice.passing(content.error);
    }
  });

  root.append(
    html(
      "div", { class: "qx-head" },
      html("h2", { class: "qx-title" }, "What the fit is worth"), lamp.element,
      html("div", { class: "qx-buttons qx-push" }, button),
    ),
    status,
    notice.element,
    findings,
    holder,
  );
  showState();
  showStatus();
  showRows();
  showFindings();
  el.append(root);

  return () => {
    heard.release();
    root.remove();
  };
}

export default { render };
