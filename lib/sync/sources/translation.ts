/** What Neutron's objects want, object by object: one that cannot be translated harms only itself. @module */
import type { Port, SecurityGroup, Subnet } from "../../openstack/records.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { COLLECTION_OF, type Kind } from "../model/kinds.ts";
import { type Desired, Translator } from "../model/translate.ts";

/** Translates a run's objects. One that cannot be wants nothing and is left as it is in etcd. */
export class Translation {
  readonly #translator: Translator;

  /** `refused`: takes the ids of those that cannot be translated. */
  constructor(readonly run: SyncRun, readonly refused: Set<string>) {
    this.#translator = new Translator(run.deps.region, run.deps);
  }

  subnets(subnets: readonly Subnet[]): Desired[] {
    return this.#each("Subnet", subnets, (it) => this.#translator.subnet(it)).flat();
  }

  groups(groups: readonly SecurityGroup[]): Desired[] {
    const { addressGroups } = this.run.index.related;
    const translate = (it: SecurityGroup) => [this.#translator.group(it, addressGroups)];
    return this.#each("NetworkPolicy", groups, translate).flat();
  }

  /** What each of the ports wants. */
  ports(ports: readonly Port[]): Desired[][] {
    const { related } = this.run.index;
    return this.#each("WorkloadEndpoint", ports, (it) => this.#translator.port(it, related));
  }

  #each<T extends { readonly id: string }>(
    kind: Kind,
    objects: readonly T[],
    translate: (object: T) => Desired[],
  ): Desired[][] {
    return objects.map((object) => {
      try {
        return translate(object);
      } catch (error) {
        this.refused.add(object.id);
        this.run.leave("not-understood", COLLECTION_OF[kind], `${object.id}: ${error}`);
        return [];
      }
    });
  }
}
