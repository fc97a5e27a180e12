/**
 * What Neutron's own registrations of options say of those that are read here: older names that still
 * count, and defaults that a `$name` stands for when no file gives the option. Sources: oslo.messaging,
 * keystonemiddleware, keystoneauth and Neutron, Zed to 2026.2; `tests/oslo/` asks their real registrations.
 *
 * @module
 */

const LOGIN = "keystone_authtoken";
const RABBIT = "oslo_messaging_rabbit";
const NOTIFICATIONS = "oslo_messaging_notifications";

/** Older names of an option, the one that counts more first; the newer name counts more than any of them. */
const OLDER: Readonly<Record<string, readonly string[]>> = {
  "DEFAULT.log_dir": ["DEFAULT.logdir"],
  "DEFAULT.log_file": ["DEFAULT.logfile"],
  [`${LOGIN}.auth_type`]: [`${LOGIN}.auth_plugin`],
  [`${LOGIN}.www_authenticate_uri`]: [`${LOGIN}.auth_uri`],
  [`${LOGIN}.username`]: [`${LOGIN}.user-name`, `${LOGIN}.user_name`],
  [`${LOGIN}.project_name`]: [`${LOGIN}.tenant-name`, `${LOGIN}.tenant_name`],
  [`${LOGIN}.project_id`]: [`${LOGIN}.tenant-id`, `${LOGIN}.tenant_id`],
  [`${RABBIT}.ssl`]: [`${RABBIT}.rabbit_use_ssl`],
  [`${RABBIT}.ssl_ca_file`]: [`${RABBIT}.kombu_ssl_ca_certs`],
  [`${RABBIT}.ssl_cert_file`]: [`${RABBIT}.kombu_ssl_certfile`],
  [`${RABBIT}.ssl_key_file`]: [`${RABBIT}.kombu_ssl_keyfile`],
  [`${NOTIFICATIONS}.topics`]: ["rpc_notifier2.topics", "DEFAULT.notification_topics"],
  [`${NOTIFICATIONS}.transport_url`]: ["DEFAULT.notification_transport_url"],
};
const NEWER = new Map(
  Object.entries(OLDER).flatMap(([place, older]) => older.map((one) => [one, place] as const)),
);

/** All places of the option of this place, `section.name`, the one that counts most first. */
export function placesOf(place: string): readonly string[] {
  return [place, ...Object.hasOwn(OLDER, place) ? OLDER[place]! : []];
}

/** The place of the option that is given there, perhaps by an older name. */
export function canonicalPlace(place: string): string {
  return NEWER.get(place) ?? place;
}

/** Defaults by `section.name`, of the type that the option has; null: none, which a name shows as nothing. */
export const DEFAULTS: Readonly<Record<string, string | number | boolean | null>> = {
  "DEFAULT.api_paste_config": "api-paste.ini",
  "DEFAULT.auth_strategy": "keystone",
  "DEFAULT.bind_host": "0.0.0.0",
  "DEFAULT.bind_port": 9696,
  "DEFAULT.control_exchange": "neutron",
  "DEFAULT.debug": false,
  "DEFAULT.dns_domain": "openstacklocal",
  "DEFAULT.log_dir": null,
  "DEFAULT.log_file": null,
  "DEFAULT.rpc_response_timeout": 60,
  "DEFAULT.state_path": "/var/lib/neutron",
  "DEFAULT.transport_url": "rabbit://",
  [`${LOGIN}.auth_section`]: null,
  [`${LOGIN}.auth_type`]: null,
  [`${LOGIN}.cafile`]: null,
  [`${LOGIN}.certfile`]: null,
  [`${LOGIN}.insecure`]: false,
  [`${LOGIN}.interface`]: "internal",
  [`${LOGIN}.keyfile`]: null,
  [`${LOGIN}.region_name`]: null,
  [`${LOGIN}.www_authenticate_uri`]: null,
  [`${NOTIFICATIONS}.transport_url`]: null,
  [`${RABBIT}.ssl`]: false,
  [`${RABBIT}.ssl_ca_file`]: "",
  [`${RABBIT}.ssl_cert_file`]: "",
  [`${RABBIT}.ssl_key_file`]: "",
  "nova.endpoint_type": "public",
  "nova.region_name": null,
};

/** The defaults as text. @param hostname of this machine, which is Neutron's default for `host` */
export function defaultTexts(hostname: string): ReadonlyMap<string, string | null> {
  const texts = Object.entries(DEFAULTS).map(([place, value]): [string, string | null] => [
    place,
    value === null ? null : String(value),
  ]);
  return new Map([...texts, ["DEFAULT.host", hostname]]);
}
