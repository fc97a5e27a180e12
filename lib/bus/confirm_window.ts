/**
 * What was handed to the broker and is not confirmed yet: few messages at any time, so that a broker that stops
 * reading has little of ours in its buffers, and so has this process. After a pause it is one: an alarm of the
 * broker is heard of with the first message (RabbitMQ's `connection.blocked`), before a second one follows.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** Messages that may be unconfirmed while confirmations come. */
const MAX_UNCONFIRMED = 4;
/** A confirmation says for so long that messages are taken, ms. */
const RECENT_MS = 1000;

/** Of one connection. */
export class ConfirmWindow {
  readonly #unconfirmed = new Set<string>();
  readonly #waiting: { id: string; admitted: PromiseWithResolvers<void> }[] = [];
  #confirmedAt = -Infinity;

  constructor(readonly clock: Pick<Clock, "monotonic">) {}

  /** Resolves when the message may be handed over, at once when there is room; it counts from then on. */
  enter(id: string): Promise<void> {
    const admitted = Promise.withResolvers<void>();
    this.#waiting.push({ id, admitted });
    this.#admit();
    return admitted.promise;
  }

  /** Whether the message was let in and is not confirmed. */
  has(id: string): boolean {
    return this.#unconfirmed.has(id);
  }

  /** The broker has answered for it. */
  confirmed(id: string): void {
    this.#confirmedAt = this.clock.monotonic();
    this.leave(id);
  }

  /** It was let in, and not handed over. */
  leave(id: string): void {
    this.#unconfirmed.delete(id);
    this.#admit();
  }

  /** What has not been let in is not waited for any longer; it was not handed over. */
  refuse(reason: Error): void {
    for (const { admitted } of this.#waiting.splice(0)) admitted.reject(reason);
  }

  #admit(): void {
    while (this.#waiting.length > 0) {
      const flows = this.clock.monotonic() - this.#confirmedAt < RECENT_MS;
      if (this.#unconfirmed.size >= (flows ? MAX_UNCONFIRMED : 1)) return;
      const { id, admitted } = this.#waiting.shift()!;
      this.#unconfirmed.add(id);
      admitted.resolve();
    }
  }
}
