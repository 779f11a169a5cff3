// The part of a widget model that the front end uses; it exists alike in JupyterLab and in a Panel app.

export interface Model<Traits> {
  get<Name extends keyof Traits & string>(name: Name): Traits[Name];
  set<Name extends keyof Traits & string>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  on(event: string, handler: (...args: any[]) => void): void;
  off(event: string, handler: (...args: any[]) => void): void;
  send(content: object): void;
}

export interface RenderContext<Traits> {
  model: Model<Traits>;
  el: HTMLElement;
}

export type CleanUp = () => void;

export interface Ack {
  kind: "ack";
  request: number;
  error: string;
}

/** Listens to the model until `release` is called. */
export function listener<Traits>(model: Model<Traits>) {
  const bound: [string, (...args: never[]) => void][] = [];
  return {
    on(event: string, handler: (...args: never[]) => void): void {
      model.on(event, handler as () => void);
      bound.push([event, handler]);
    },
    release(): void {
      for (const [event, handler] of bound) model.off(event, handler as () => void);
      bound.length = 0;
    },
  };
}

let count = 0;

/** The next request number; it rises over all views that one page shows of a widget. */
export function nextRequest(): number {
  count += 1;
  return count;
}
