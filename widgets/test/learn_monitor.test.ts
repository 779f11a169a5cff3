import { afterEach, describe, expect, it } from "vitest";
import monitor, { type MonitorTraits } from "../src/learn_monitor/index";
import { lossDomain } from "../src/learn_monitor/loss_plot";
import { byTestId, FakeModel, nextFrame, oddBuffer } from "./fake_model";

function mount(state: MonitorTraits["state"] = "idle") {
  const model = new FakeModel<MonitorTraits>({ state, status: "", method: "levenberg-marquardt", table: [], elapsed: 0 });
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
    expect(model.sent.map((message) => message.kind)).toEqual(["start", "pause", "resume", "stop"]);
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
    model.message({ kind: "steps", iteration: 2, gradient_norm: 0.5, seconds: 0.1 }, [oddBuffer([100, 10, 1])]);
    model.message({ kind: "steps", iteration: 3, gradient_norm: 0.25, seconds: 0.2 }, [oddBuffer([0.5])]);
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
    for (const gradient_norm of [null, "nan"]) {
      model.message({ kind: "steps", iteration: 0, gradient_norm, seconds: 0.1 }, [oddBuffer([Number.NaN])]);
      await nextFrame();
      expect(byTestId(el, "gradient-norm").textContent).toBe("nan");
    }
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
    method.value = "adam";
    method.dispatchEvent(new Event("change"));
    expect(model.traits.method).toBe("adam");
    expect(model.saved).toBe(1);
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
