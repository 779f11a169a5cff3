// At most one request is in flight; of the values of one slider that wait behind it only the newest survives.

export interface Latch<T> {
  /** Send now, or as soon as the request in flight is answered. A waiting value with the same key is overtaken. */
  ask(message: T, options?: { key?: string; keep?: boolean }): void;
  /** Free the latch; an answer to a request that is no longer in flight changes nothing. */
  answered(request: number): void;
  /** Whether a message that fulfills the test is in flight or waits. */
  has(test: (message: T) => boolean): boolean;
  close(): void;
}

export interface LatchOptions<T> {
  send(message: T, request: number): void;
  next(): number;
  onTimeout?(message: T): void;
  timeout?: number;
}

interface Waiting<T> {
  message: T;
  key: string | undefined;
  keep: boolean;
}

export const ANSWER_TIME_LIMIT = 10_000;

export function createLatch<T>(options: LatchOptions<T>): Latch<T> {
  const queue: Waiting<T>[] = [];
  let flying: { message: T; request: number } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const release = (): void => {
    clearTimeout(timer);
    flying = null;
    const waiting = queue.shift();
    if (waiting) launch(waiting.message);
  };

  const launch = (message: T): void => {
    const request = options.next();
    flying = { message, request };
    timer = setTimeout(() => {
      release();
      options.onTimeout?.(message);
    }, options.timeout ?? ANSWER_TIME_LIMIT);
    options.send(message, request);
  };

  return {
    ask(message, { key, keep = false } = {}) {
      if (!flying) {
        launch(message);
        return;
      }
      const last = queue.at(-1);
      if (last && key !== undefined && last.key === key && !last.keep) queue.pop();
      queue.push({ message, key, keep });
    },
    answered(request) {
      if (flying?.request === request) release();
    },
    has(test) {
      return (flying !== null && test(flying.message)) || queue.some((waiting) => test(waiting.message));
    },
    close() {
      clearTimeout(timer);
      queue.length = 0;
      flying = null;
    },
  };
}
