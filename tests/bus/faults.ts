/** What befalls a cluster of RabbitMQ, and how it ends. @module */
import type { RabbitCluster } from "../support/rabbit_cluster.ts";
import type { RabbitServer } from "../support/rabbit_server.ts";

/** What a fault may touch. */
export interface Scene {
  readonly cluster: RabbitCluster;
  /** The member that we are connected to. */
  readonly ours: RabbitServer;
  /** Another one. */
  readonly other: RabbitServer;
  /** The virtual host, the user who reports, and the rights of all of ours there. */
  readonly host: string;
  readonly user: string;
  readonly users: readonly string[];
  readonly rights: readonly string[];
}

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  begin(scene: Scene): Promise<unknown>;
  /** @default nothing has to be done */
  end?(scene: Scene): Promise<unknown>;
  /** What the reporter or its log says of it, in the broker's words; null: it may not feel it at all. */
  readonly words: RegExp | null;
  /** While it lasts the broker takes nothing: blocked and not lost. */
  readonly blocks?: true;
}

async function allow({ other, host, rights }: Scene, users: readonly string[]): Promise<void> {
  for (const user of users) {
    await other.control("set_permissions", "-p", host, user, ...rights);
  }
}

/** All of them. */
export const FAULTS: readonly Fault[] = [
  {
    name: "our member is killed",
    begin: ({ ours }) => ours.kill(),
    end: ({ ours }) => ours.start(),
    words: /./,
  },
  {
    name: "our member hangs",
    begin: ({ ours }) => Promise.resolve(ours.freeze()),
    end: ({ ours }) => Promise.resolve(ours.freeze(false)),
    words: /./,
  },
  {
    name: "our member is cut off from the others",
    begin: ({ cluster, ours }) => cluster.cutOff(ours),
    end: ({ cluster, ours }) => cluster.heal(ours),
    words: null, // 3.10 ends the connection, 4 keeps it
  },
  {
    name: "a member is low on memory",
    begin: ({ other }) => other.control("set_vm_memory_high_watermark", "absolute", "1MB"),
    end: ({ other }) => other.control("set_vm_memory_high_watermark", "0.8"),
    words: /low on memory/,
    blocks: true,
  },
  {
    name: "a member is low on disk",
    begin: ({ other }) => other.control("set_disk_free_limit", "100000GB"),
    end: ({ other }) => other.control("set_disk_free_limit", "1MB"),
    words: /low on disk/,
    blocks: true,
  },
  {
    name: "the virtual host is deleted",
    begin: ({ other, host }) => other.control("delete_vhost", host),
    async end(scene) {
      await scene.other.control("add_vhost", scene.host);
      await scene.other.control("set_permissions", "-p", scene.host, "guest", ".*", ".*", ".*");
      await allow(scene, scene.users);
    },
    words: /refuses virtual host cloud/,
  },
  {
    name: "our user is deleted",
    begin: ({ other, user }) => other.control("delete_user", user),
    async end(scene) {
      await scene.other.control("add_user", scene.user, "secret");
      await allow(scene, [scene.user]);
    },
    words: /user|ACCESS.REFUSED/i,
  },
  {
    name: "the plugin's queue is deleted",
    begin: ({ other, host }) => other.control("delete_queue", "-p", host, "q-plugin"),
    words: null,
  },
  {
    name: "all connections are closed by the operator",
    begin: ({ other, host }) => other.control("close_all_connections", "-p", host, "tidy"),
    words: /tidy/,
  },
  {
    name: "our member is restarted",
    begin: ({ ours }) => ours.control("stop_app"),
    end: ({ ours }) => ours.control("start_app"),
    words: /./,
  },
];
