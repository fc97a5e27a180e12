/** Everything that can happen to what an endpoint shows, its own port or another object. @module */
import type { Item } from "../../lab/model.ts";
import { addVmPort } from "../../lab/seed.ts";
import type { Scene } from "./scene.ts";

/** One of a collection. */
export const pick = (scene: Scene, collection: Parameters<Scene["cloud"]["list"]>[0]): Item =>
  scene.random.pick(scene.cloud.list(collection));
const vm = ({ cloud, random }: Scene): Item => random.pick(cloud.vmPorts());

/** By what it is. */
export const CHANGES: Record<string, (scene: Scene) => void> = {
  "a port comes": ({ cloud, random }) => {
    addVmPort(cloud, random, 5000 + random.below(1_000_000));
  },
  "a port goes": (scene) => scene.cloud.remove("ports", vm(scene).id),
  "a port changes": (scene) => {
    scene.cloud.change("ports", vm(scene).id, { security_groups: [] });
  },
  "a port migrates": (scene) => {
    const migrating_to = scene.random.pick(scene.cloud.hosts);
    scene.cloud.change("ports", vm(scene).id, { "binding:profile": { migrating_to } });
  },
  "a migration ends": (scene) => {
    const host = scene.random.pick(scene.cloud.hosts);
    const change = { "binding:profile": {}, "binding:host_id": host };
    scene.cloud.change("ports", vm(scene).id, change);
  },
  "a port is unbound": (scene) => {
    const change = { "binding:host_id": "", "binding:vif_type": "unbound" };
    scene.cloud.change("ports", vm(scene).id, change);
  },
  "a port gets a QoS policy": (scene) => {
    const policy = pick(scene, "policies");
    scene.cloud.change("ports", vm(scene).id, { qos_policy_id: policy.id });
  },
  "a network is renamed": (scene) => {
    const name = `net ${scene.random.below(1e6)}`;
    scene.cloud.change("networks", pick(scene, "networks").id, { name });
  },
  "a network gets a QoS policy": (scene) => {
    const qos_policy_id = pick(scene, "policies").id;
    scene.cloud.change("networks", pick(scene, "networks").id, { qos_policy_id });
  },
  "a QoS policy changes": (scene) => {
    const rule = {
      type: "bandwidth_limit",
      direction: "egress",
      max_kbps: 1 + scene.random.below(1e6),
      max_burst_kbps: 0,
    };
    scene.cloud.change("policies", pick(scene, "policies").id, { rules: [rule] });
  },
  "a group is renamed": (scene) => {
    const name = `group ${scene.random.below(1e6)}`;
    scene.cloud.change("security_groups", pick(scene, "security_groups").id, { name });
  },
  "a group's rules change": (scene) => {
    const id = pick(scene, "security_groups").id;
    scene.cloud.change("security_groups", id, { security_group_rules: [] });
  },
  "a gateway changes": (scene) => {
    const gateway_ip = `10.9.${scene.random.below(256)}.1`;
    scene.cloud.change("subnets", pick(scene, "subnets").id, { gateway_ip });
  },
  "DHCP is turned off": (scene) => {
    scene.cloud.change("subnets", pick(scene, "subnets").id, { enable_dhcp: false });
  },
  "a project is renamed": ({ cloud, random }) => {
    random.pick(cloud.projects).name = `project ${random.below(1e6)}`;
  },
  "a floating IP is attached": (scene) => {
    const port = vm(scene);
    const fixed = (port.fixed_ips as { ip_address: string }[])[0]!.ip_address;
    scene.cloud.add("floatingips", {
      id: scene.random.uuid(),
      port_id: port.id,
      fixed_ip_address: fixed,
      floating_ip_address: `203.0.113.${scene.random.below(256)}`,
    });
  },
  "a floating IP is moved or detached": (scene) => {
    const port_id = scene.random.below(2) ? vm(scene).id : null;
    scene.cloud.change("floatingips", pick(scene, "floatingips").id, { port_id });
  },
  "a floating IP goes": (scene) => {
    scene.cloud.remove("floatingips", pick(scene, "floatingips").id);
  },
};
