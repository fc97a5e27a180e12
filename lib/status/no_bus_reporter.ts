/**
 * The reporter of a node without a message bus: nothing reaches Neutron, so reports wait, and as soon as
 * one does, the page says why.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import type { StatusReporter } from "./reporter.ts";

const NO_BUS = "status is not reported to Neutron: transport_url, the message bus, is not given";

/** A gate that never opens. */
export class NoBusReporter implements StatusReporter {
  #waits = false;

  readonly gate = {
    open: false,
    whenOpen: (signal: AbortSignal): Promise<void> => {
      this.#waits = true;
      return abortable(new Promise<never>(() => {}), signal);
    },
  };

  readonly blocked = null;

  get trouble(): string | null {
    return this.#waits ? NO_BUS : null;
  }

  reportAgent(): Promise<never> {
    return Promise.reject(new Error(NO_BUS));
  }

  reportPorts(): Promise<never> {
    return Promise.reject(new Error(NO_BUS));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
