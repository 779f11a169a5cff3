// Small helpers to build elements; text only ever enters as text.

// JupyterLab binds arrow keys to whatever has the focus. It looks for this attribute from the focused element upward, but
// only until one of its selectors matches, so the focused element must carry it, not only the root.
export const KEEP_KEYS = { "data-lm-suppress-shortcuts": "true" } as const;
const FOCUSABLE = new Set(["button", "canvas", "input", "select", "summary"]);

type Attributes = Record<string, string | number | boolean | undefined>;

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const keys = FOCUSABLE.has(tag) ? KEEP_KEYS : {};
  return fill(document.createElement(tag), { ...keys, ...attributes }, children);
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Write text only if it differs, so that a repeated value costs no layout. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | number): void {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** Run the work at most once a frame, however often it is asked for. */
export function onceAFrame(work: () => void): { ask(): void; cancel(): void } {
  let handle: number | null = null;
  return {
    ask() {
      handle ??= requestAnimationFrame(() => {
        handle = null;
        work();
      });
    },
    cancel() {
      if (handle !== null) cancelAnimationFrame(handle);
      handle = null;
    },
  };
}

/** The width of an element, or the last one known while it is out of the page or hidden. */
export function widthOf(element: Element, fallback: number): () => number {
  let known = fallback;
  return () => {
    known = Math.floor(element.clientWidth) || known;
    return known;
  };
}

/** Calls back when the width of the element changes, until the returned function is called. */
export function watchWidth(element: Element, changed: () => void): () => void {
  if (typeof ResizeObserver === "undefined") return () => undefined;
  const observer = new ResizeObserver(changed);
  observer.observe(element);
  return () => observer.disconnect();
}

/** The root of a widget. */
export function createRoot(name: string, label: string): HTMLElement {
  return html("div", {
    class: `qx qx-${name}`,
    role: "group",
    "aria-label": label,
    "data-state": "idle",
    "data-request": 0,
    ...KEEP_KEYS,
  });
}
