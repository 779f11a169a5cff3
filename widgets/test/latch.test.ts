import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLatch } from "../src/shared/latch";

describe("latch", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const sent: [string, number][] = [];
    const late: string[] = [];
    let number = 0;
    const latch = createLatch<string>({
      next: () => ++number,
      send: (message, request) => void sent.push([message, request]),
      onTimeout: (message) => void late.push(message),
      timeout: 1000,
    });
    return { latch, sent, late };
  }

  it("sends one at a time and of those that wait only the newest", () => {
    const { latch, sent } = setUp();
    for (const message of ["a1", "a2", "a3"]) latch.ask(message, { key: "a" });
    expect(sent).toEqual([["a1", 1]]);
    latch.answered(1);
    expect(sent).toEqual([["a1", 1], ["a3", 2]]);
  });

  it("lets no value of one slider overtake that of another", () => {
    const { latch, sent } = setUp();
    latch.ask("a1", { key: "a" });
    latch.ask("a2", { key: "a" });
    latch.ask("b1", { key: "b" });
    latch.answered(1);
    latch.answered(2);
    expect(sent.map(([message]) => message)).toEqual(["a1", "a2", "b1"]);
  });

  it("never drops a final value or a command", () => {
    const { latch, sent } = setUp();
    latch.ask("a1", { key: "a" });
    latch.ask("a2", { key: "a", keep: true });
    latch.ask("a3", { key: "a" });
    latch.ask("undo");
    latch.ask("undo");
    for (const request of [1, 2, 3, 4]) latch.answered(request);
    expect(sent.map(([message]) => message)).toEqual(["a1", "a2", "a3", "undo", "undo"]);
  });

  it("is freed after the time limit and tells what was not answered", () => {
    const { latch, sent, late } = setUp();
    latch.ask("a1", { key: "a" });
    latch.ask("a2", { key: "a" });
    vi.advanceTimersByTime(1000);
    expect(late).toEqual(["a1"]);
    expect(sent.at(-1)).toEqual(["a2", 2]);
  });

  it("is not freed by the late answer to an older request", () => {
    const { latch, sent } = setUp();
    latch.ask("a1");
    vi.advanceTimersByTime(1000);
    latch.ask("a2");
    latch.ask("a3");
    latch.answered(1);
    expect(sent.map(([message]) => message)).toEqual(["a1", "a2"]);
  });

  it("sends nothing more once closed", () => {
    const { latch, sent, late } = setUp();
    latch.ask("a1");
    latch.ask("a2");
    latch.close();
    vi.advanceTimersByTime(5000);
    expect(sent).toHaveLength(1);
    expect(late).toEqual([]);
  });
});
