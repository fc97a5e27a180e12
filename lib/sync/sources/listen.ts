/** Neutron's notifications, and what else shows that a port may have changed, to the {@linkcode EventSync}, for as long as the term lasts. @module */
import { whileRunning } from "../../base/while_running.ts";
import { Notifications } from "../../bus/notifications.ts";
import { regionString } from "../../calico/regions.ts";
import type { NotificationsConfig } from "../../config/config_types.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import type { EventSync } from "./events.ts";
import { followLooks } from "./looks.ts";

const PUBLISH_MS = 1000;

/**
 * Subscribes, handles what comes and what the endpoint status watcher wants to have read, and publishes how it goes. A
 * standby has no queue, because only a
 * master gets here; the queue goes with the connection when the term ends.
 *
 * @throws {FenceLostError} another node leads.
 */
export async function listen(
  notifications: NotificationsConfig,
  region: string | null,
  events: EventSync,
  term: Term,
  context: JobContext,
): Promise<void> {
  const { clock, log, store, meter } = context;
  const name = regionString(region);
  await using bus = new Notifications(notifications, { clock, log, meter, name }, {
    onNotification: (body) => events.receive(body),
    onSubscribed: () => events.subscribed(),
    onLost: () => events.lost(),
    onOverflow: () => events.overflow("the broker's queue was full"),
  });
  const handling = events.run();
  const running = whileRunning(handling, term.signal);
  const looks = followLooks({ ...term, signal: running }, region, events, context);
  while (!running.aborted) {
    await store.writeNotifications(events.record(bus)).catch(() => {}); // it is only shown
    await events.publishChanges();
    await clock.sleep(PUBLISH_MS, running).catch(() => {});
  }
  await looks;
  await handling;
}
