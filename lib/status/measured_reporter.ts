/** Measures and traces what another reporter does. @module */
import type { Meter } from "../metrics/meter.ts";
import { traced } from "../base/tracing.ts";
import type { AgentReport, PortUpdate, StatusReporter } from "./reporter.ts";

/** The reporter, measured when there is a meter. */
export function measured(reporter: StatusReporter, meter: Meter | undefined): StatusReporter {
  return meter ? new MeasuredReporter(reporter, meter) : reporter;
}

/** Passes everything on to `inner`, which it owns. */
export class MeasuredReporter implements StatusReporter {
  readonly #inner: StatusReporter;
  readonly #meter: Meter;

  constructor(inner: StatusReporter, meter: Meter) {
    this.#inner = inner;
    this.#meter = meter;
  }

  get gate(): StatusReporter["gate"] {
    return this.#inner.gate;
  }
  get trouble(): string | null {
    return this.#inner.trouble;
  }
  get blocked(): StatusReporter["blocked"] {
    return this.#inner.blocked;
  }

  reportAgent(report: AgentReport, signal: AbortSignal): Promise<void> {
    const options = { attributes: { "conductor.host": report.host } };
    return this.#measure(
      "agent",
      () => traced("report agent", options, () => this.#inner.reportAgent(report, signal)),
      () => false,
    );
  }

  reportPorts(
    host: string,
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const options = {
      attributes: { "conductor.host": host, "conductor.ports": updates.length },
      result: (refused: ReadonlyMap<string, unknown>) => ({ "conductor.refused": refused.size }),
    };
    return this.#measure(
      "port",
      () => traced("report ports", options, () => this.#inner.reportPorts(host, updates, signal)),
      (refused) => refused.size > 0,
    );
  }

  noteFault(port: string, isFaulty: boolean, askedAt: number): boolean {
    return this.#inner.noteFault?.(port, isFaulty, askedAt) ?? false;
  }

  async #measure<T>(
    kind: "agent" | "port",
    act: () => Promise<T>,
    partly: (result: T) => boolean,
  ): Promise<T> {
    const from = performance.now();
    let outcome = "failure";
    try {
      const result = await act();
      outcome = partly(result) ? "partial" : "success";
      return result;
    } finally {
      const seconds = (performance.now() - from) / 1000;
      this.#meter.add("status_report_duration_seconds", seconds, { kind, outcome });
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }
}
