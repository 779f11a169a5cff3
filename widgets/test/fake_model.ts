// A widget model without a kernel: it keeps what is sent and lets a test play the Python side.

import type { Model } from "../src/shared/model";

type Handler = (...args: unknown[]) => void;

export class FakeModel<Traits extends object> {
  readonly sent: Record<string, unknown>[] = [];
  saved = 0;
  private readonly handlers = new Map<string, Set<Handler>>();

  constructor(readonly traits: Traits) {}

  get<Name extends keyof Traits>(name: Name): Traits[Name] {
    return this.traits[name];
  }

  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void {
    this.traits[name] = value;
  }

  save_changes(): void {
    this.saved += 1;
  }

  on(event: string, handler: Handler): void {
    const known = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, known.add(handler));
  }

  off(event: string, handler: Handler): void {
    this.handlers.get(event)?.delete(handler);
  }

  send(content: object): void {
    this.sent.push(content as Record<string, unknown>);
  }

  get listening(): number {
    return [...this.handlers.values()].reduce((sum, handlers) => sum + handlers.size, 0);
  }

  /** A trait changed on the Python side. */
  put<Name extends keyof Traits & string>(name: Name, value: Traits[Name]): void {
    this.traits[name] = value;
    for (const handler of this.handlers.get(`change:${name}`) ?? []) handler();
  }

  message(content: object, buffers: DataView[] = []): void {
    for (const handler of this.handlers.get("msg:custom") ?? []) handler(content, buffers);
  }

  /** Answer the last message, or the one given. */
  acknowledge(error = "", message = this.sent.at(-1)): void {
    this.message({ kind: "ack", request: message?.request, error });
  }

  get asModel(): Model<Traits> {
    return this as unknown as Model<Traits>;
  }
}

/** Floats as a comm delivers them: a view that starts at an odd byte. */
export function oddBuffer(values: ArrayLike<number>): DataView {
  const buffer = new ArrayBuffer(values.length * 4 + 1);
  new Uint8Array(buffer, 1).set(new Uint8Array(Float32Array.from(values).buffer));
  return new DataView(buffer, 1, values.length * 4);
}

export function byTestId<E extends Element = HTMLElement>(root: Element, id: string): E {
  const found = [...root.querySelectorAll("[data-testid]")].find((element) => element.getAttribute("data-testid") === id);
  if (!found) throw new Error(`no element with data-testid ${id}`);
  return found as E;
}

export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => resolve());
  });
}
