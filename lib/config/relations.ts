/** What must hold between options, and of one beyond its kind. @module */
import { checkOpenstack, type Refuse } from "./openstack_config.ts";
import type { OptionName } from "./options.ts";
import { type OptionValues, problemOf } from "./values.ts";

const REGION = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** 63 − len("openstack-" + "region-"): names made from it must stay DNS labels. */
const REGION_LENGTH = 46;

/** All that is wrong with values that are right each by itself. */
export function checkRelations(values: OptionValues): string[] {
  const problems: string[] = [];
  const refuse: Refuse = (name, allowed) => {
    problems.push(problemOf(values.entry(name), allowed));
  };
  const onlyTogether = (one: OptionName, other: OptionName) => {
    if (values.has(one) !== values.has(other)) refuse(one, `only together with ${other}`);
  };
  const region = values.get("region");
  if (region !== null && (!REGION.test(region) || region.length > REGION_LENGTH)) {
    refuse("region", `a DNS label of at most ${REGION_LENGTH} characters`);
  }
  checkElection(values, refuse);
  onlyTogether("etcd_cert_file", "etcd_key_file");
  const tls = values.get("etcd")[0]!.startsWith("https");
  if (!tls && values.has("etcd_ca_file")) {
    refuse("etcd", "https:// URLs when etcd_ca_file is given");
  }
  if (tls && !values.has("etcd_ca_file")) {
    refuse("etcd", "http:// URLs, or https:// together with etcd_ca_file");
  }
  onlyTogether("listen_tls_cert", "listen_tls_key");
  onlyTogether("bus_cert_file", "bus_key_file");
  onlyTogether("os_cert", "os_key");
  checkOpenstack(values, refuse);
  const cloud = values.givenOfCloud();
  if (values.get("lab") !== "off" && cloud) {
    refuse("lab", `off or auto when ${cloud.option.name} is given (${cloud.source})`);
  }
  // What listens on this machine by chance is nobody's cloud to write to.
  if (values.entry("lab").source !== "default" && values.get("lab") === "off" && !cloud) {
    refuse("lab", "off only with a cloud: give etcd, and auth_url, neutron_url or os_cloud");
  }
  return problems;
}

function checkElection(values: OptionValues, refuse: Refuse): void {
  const ttl = values.get("election_ttl");
  const margin = values.get("election_margin");
  if (margin >= ttl) refuse("election_margin", `less than election_ttl, which is ${ttl} s`);
  else if (values.get("election_refresh") >= ttl - margin) {
    refuse(
      "election_refresh",
      `less than election_ttl − election_margin, which is ${ttl - margin} s`,
    );
  }
  if (/[:\s]/.test(values.get("elector_name"))) {
    refuse("elector_name", "no colon and no white space");
  }
}
