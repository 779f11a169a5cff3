// The line below a header that tells what went wrong, or what the user should know.

import { html, setText } from "./dom";

export interface Notice {
  readonly element: HTMLElement;
  /** What the Python side says about the widget as a whole. */
  standing(text: string, isError: boolean): void;
  /** What came of one request; it goes away with the next that succeeds. */
  passing(text: string): void;
}

export function createNotice(): Notice {
  const element = html("div", { class: "qx-notice", role: "status", "aria-live": "polite", "data-testid": "notice" });
  let standingText = "";
  let standingError = false;
  let passingText = "";
  const show = (): void => {
    setText(element, passingText || standingText);
    element.classList.toggle("qx-error", passingText !== "" || standingError);
    element.hidden = element.textContent === "";
  };
  show();
  return {
    element,
    standing(text, isError) {
      standingText = text;
      standingError = isError;
      show();
    },
    passing(text) {
      passingText = text;
      show();
    },
  };
}

/** A small lamp with a word: what the widget is doing. */
export function createLamp(): { element: HTMLElement; show(state: string): void } {
  const word = html("span");
  const element = html("span", { class: "qx-lamp", "data-testid": "state" }, html("i", { "aria-hidden": "true" }), word);
  return {
    element,
    show(state) {
      setText(word, state);
      element.dataset.lamp = state;
    },
  };
}
