import { afterEach, describe, expect, it } from "vitest";
import monitor, { type MonitorTraits } from "../src/learn_monitor/index";
import { lossDomain } from "../src/learn_monitor/trace_plot";
import { byTestId, FakeModel, nextFrame, oddBuffer } from "./fake_model";

const METHODS = [
  { name: "auto", label: "automatic", rate: false },
  { name: "levenberg-marquardt", label: "Levenberg-Marquardt", rate: false },
  { name: "adam", label: "Adam", rate: true },
];
const TRACES = {
  datasets: [{ name: "ramsey", points: 31 }, { name: "t1", points: 20 }],
  parameters: [
    { path: "q0.frequency", label: "frequency", unit: "GHz", base: "Hz", factor: 1e9, start: 5e9 },
    { path: "q0.t1", label: "relaxation time", unit: "µs", base: "s", factor: 1e-6, start: 30e-6 },
  ],
};

/** A row of the stream: loss, gradient norm, seconds, chi2 of both datasets, both parameters. */
function row(loss: number, gradient = 0.5, rest = [0.1, 1, 2, 0, 0]): number[] {
  return [loss, gradient, ...rest];
}

function mount(state: MonitorTraits["state"] = "idle", traces: MonitorTraits["traces"] = TRACES) {
  const model = new FakeModel<MonitorTraits>({
    state, status: "", method: "auto", methods: METHODS, choice: "", rate: 0.02, traces, picked: {}, table: [], elapsed: 0,
  });
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = monitor.render({ model: model.asModel, el });
  const button = (name: string) => byTestId<HTMLButtonElement>(el, name);
  return { model, el, cleanUp, button, root: el.querySelector<HTMLElement>(".qx-learn-monitor") as HTMLElement };
}

describe("learn monitor", () => {
  afterEach(() => void document.body.replaceChildren());

  it.each([
    ["idle", [true, false, false]],
    ["compiling", [false, false, true]],
    ["running", [false, true, true]],
    ["paused", [false, true, true]],
    ["done", [true, false, false]],
    ["error", [true, false, false]],
  ] as const)("offers the commands that make sense when %s", (state, enabled) => {
    const { model, button, root } = mount();
    model.put("state", state);
    expect(["learn", "pause", "stop"].map((name) => !button(name).disabled)).toEqual(enabled);
    expect(button("pause").textContent).toBe(state === "paused" ? "Resume" : "Pause");
    expect(root.dataset.state).toBe(state);
  });

  it("sends commands with rising numbers and shows the answer", () => {
    const { model, el, button, root } = mount();
    button("learn").click();
    model.put("state", "running");
    button("pause").click();
    model.put("state", "paused");
    button("pause").click();
    button("stop").click();
    expect(model.sent.map((message) => message.kind)).toEqual(["ready", "start", "pause", "resume", "stop"]);
    const numbers = model.sent.map((message) => message.request as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    model.acknowledge("no free parameter");
    expect(root.dataset.request).toBe(String(numbers.at(-1)));
    expect(byTestId(el, "notice").textContent).toBe("no free parameter");
  });

  it("has no scales before there is a loss to read off", () => {
    const { el } = mount();
    expect(byTestId(el, "loss-path").closest("svg")?.querySelectorAll(".qx-axis")).toHaveLength(0);
  });

  it("draws the losses as they come and starts again when cleared", async () => {
    const { model, el } = mount("running");
    model.message({ kind: "steps", iteration: 2, whole: false }, [oddBuffer([...row(100), ...row(10), ...row(1)])]);
    model.message({ kind: "steps", iteration: 3, whole: false }, [oddBuffer(row(0.5))]);
    await nextFrame();
    expect(byTestId(el, "loss-path").getAttribute("d")?.match(/[ML]/g)).toHaveLength(4);
    expect(byTestId(el, "iteration").textContent).toBe("3");
    expect(byTestId(el, "loss").textContent).toBe("0.5");
    model.message({ kind: "clear" });
    await nextFrame();
    expect(byTestId(el, "loss-path").getAttribute("d")).toBe("");
    expect(byTestId(el, "iteration").textContent).toBe("–");
  });

  it("shows a gradient that is no number as such", async () => {
    const { model, el } = mount("running");
    model.message({ kind: "steps", iteration: 0, whole: false }, [oddBuffer(row(1, Number.NaN))]);
    await nextFrame();
    expect(byTestId(el, "gradient-norm").textContent).toBe("nan");
    expect(byTestId(el, "gradient-path").closest("svg")?.textContent).toContain("asks for no gradient");
  });

  it("says in an empty frame what a run will draw there", async () => {
    const { model, el } = mount("running");
    const words = () => byTestId(el, "loss-path").closest("svg")?.querySelector(".qx-axis-words")?.textContent;
    await nextFrame();
    expect(words()).toBe("loss");
    model.message({ kind: "steps", iteration: 0, whole: false }, [oddBuffer(row(1, 0.5))]);
    await nextFrame();
    expect(words()).toBe("");
  });

  it("keeps its width while it is hidden", async () => {
    const { model, el } = mount("running");
    const svg = byTestId(el, "loss-path").closest("svg") as SVGSVGElement;
    const holder = svg.parentElement as HTMLElement;
    for (const [width, shown] of [[900, "900"], [0, "900"], [700, "700"]] as const) {
      Object.defineProperty(holder, "clientWidth", { value: width, configurable: true });
      model.message({ kind: "clear" });
      await nextFrame();
      expect(svg.getAttribute("width")).toBe(shown);
    }
  });

  it("writes the method that is chosen", () => {
    const { model, el } = mount();
    const method = byTestId<HTMLSelectElement>(el, "method");
    expect([...method.options].map((option) => option.value)).toEqual(METHODS.map(({ name }) => name));
    expect(byTestId(el, "rate").closest("label")?.hidden).toBe(true);
    method.value = "adam";
    method.dispatchEvent(new Event("change"));
    expect(model.traits.method).toBe("adam");
    expect(model.saved).toBe(1);
    expect(byTestId(el, "rate").closest("label")?.hidden).toBe(false);
  });

  it("tells which method was chosen, and why", () => {
    const { model, el } = mount();
    expect(byTestId(el, "choice").hidden).toBe(true);
    model.put("choice", "Levenberg-Marquardt: residuals are at hand");
    expect(byTestId(el, "choice").textContent).toBe("Levenberg-Marquardt: residuals are at hand");
  });

  it("sends only the newest learning rate while one is on its way", () => {
    const { model, el } = mount("running");
    const rate = byTestId<HTMLInputElement>(el, "rate");
    for (const position of ["-2", "-2.5", "-3"]) {
      rate.value = position;
      rate.dispatchEvent(new Event("input"));
    }
    const rates = () => model.sent.filter((message) => message.kind === "rate").map((message) => message.value);
    expect(rates()).toEqual([0.01]);
    model.acknowledge("");
    expect(rates()).toEqual([0.01, 0.001]);
    expect(byTestId(el, "rate-value").textContent).toBe("0.001");
  });

  it("traces chi2 of each experiment and the picked parameters in their own units", async () => {
    const { model, el } = mount("running");
    model.message({ kind: "steps", iteration: 2, whole: false }, [
      oddBuffer([...row(9, 1, [0, 3, 2, 0, 0]), ...row(4, 1, [0.1, 1, 2, 0.012345, -1.5])]),
    ]);
    await nextFrame();
    for (const id of ["chi2-path", "chi2-path-1", "trace:q0.frequency", "trace:q0.t1"]) {
      expect(byTestId(el, id).getAttribute("d")?.match(/[ML]/g)).toHaveLength(2);
    }
    expect([...byTestId(el, "chi2-legend").children].map((child) => child.textContent)).toEqual(["ramsey", "t1"]);
    const shown = [...el.querySelectorAll(".qx-now")].map((now) => now.textContent);
    expect(shown).toEqual(["5.012345 GHz", "28.5 µs"]);
    const changes = [...el.querySelectorAll(".qx-change")].map((change) => change.textContent);
    expect(changes).toEqual(["change in MHz", "change in µs"]);
    byTestId<HTMLInputElement>(el, "pick-parameters:q0.frequency").click();
    await nextFrame();
    expect(el.querySelector("[data-testid='trace:q0.frequency']")).toBeNull();
    expect(model.traits.picked.parameters).toEqual(["q0.t1"]);
  });

  it("asks for what was before it, and takes it in place of what it has", async () => {
    const { model, el } = mount("running");
    expect(model.sent.map((message) => message.kind)).toEqual(["ready"]);
    model.message({ kind: "steps", iteration: 2, whole: false }, [oddBuffer([...row(3), ...row(2)])]);
    model.message({ kind: "steps", iteration: 2, whole: true }, [oddBuffer([...row(3), ...row(2)])]);
    await nextFrame();
    expect(byTestId(el, "loss-path").getAttribute("d")?.match(/[ML]/g)).toHaveLength(2);
  });

  it("paints thousands of steps of 83 parameters well within a frame of the stream", async () => {
    const many = {
      datasets: TRACES.datasets,
      parameters: Array.from({ length: 83 }, (_, k) => ({ path: `q${k}.t1`, label: `t1 ${k}`, unit: "µs", base: "s", factor: 1e-6, start: 3e-5 })),
    };
    const { model, el } = mount("running", many);
    const steps = 5000;
    const rows = new Float32Array(steps * 88).map((_, i) => 1 + Math.sin(i));
    model.message({ kind: "steps", iteration: steps, whole: false }, [new DataView(rows.buffer)]);
    const began = performance.now();
    await nextFrame();
    // ten frames a second leave 100 ms for each
    expect(performance.now() - began).toBeLessThan(100);
    const points = byTestId(el, "loss-path").getAttribute("d")?.match(/[ML]/g)?.length ?? 0;
    expect(points).toBeGreaterThan(300);
    expect(points).toBeLessThan(1000);
  });

  it("shows the learned values and the status", () => {
    const { model, el } = mount("done");
    model.put("table", [{ path: "q0.frequency", label: "frequency", text: "5.0123(4) GHz" }]);
    model.put("status", "converged");
    expect(byTestId(el, "learn-table").textContent).toContain("5.0123(4) GHz");
    expect(byTestId(el, "learn-status").textContent).toBe("converged");
  });

  it("has a logarithmic axis as long as every loss is above zero", () => {
    expect(lossDomain([1, 100]).logarithmic).toBe(true);
    expect(lossDomain([-5, 100]).logarithmic).toBe(false);
    expect(lossDomain([]).domain).toEqual([0.1, 1]);
    expect(lossDomain([Number.NaN, 3]).domain[0]).toBeGreaterThan(2);
  });

  it("leaves nothing behind", () => {
    const { model, el, cleanUp } = mount();
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});
