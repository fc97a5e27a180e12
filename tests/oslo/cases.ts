/** Configuration files of every kind that oslo.config reads: odd ones written by hand, and drawn ones. */
import type { Case } from "./oslo_config.ts";

/** What a case needs that is to come to a configuration; its own files come later. */
export const BASE = `[keystone_authtoken]
auth_type = password
auth_url = http://10.0.0.3:5000
username = base
password = base
project_name = base
[calico]
etcd_ca_cert_file = /base/ca.pem
[DEFAULT]
transport_url = rabbit://base:base@base:5672/
`;

function one(name: string, text: string): Case {
  return { name, files: { "0.conf": BASE, "1.conf": text } };
}
const login = (name: string, text: string) => one(name, `[keystone_authtoken]\n${text}\n`);
const bus = (name: string, url: string, more = "") =>
  one(name, `[DEFAULT]\ntransport_url = ${url}\n[oslo_messaging_rabbit]\n${more}\n`);

/** Odd, and valid. */
export const ODD: readonly Case[] = [
  login("quotes", `password = "a "\nusername = ''b'\nregion_name = "x'\ncafile = ""`),
  login("comments in values", `password = a#b;c # d\n#username = x\n;username = y`),
  login("both separators", "password: a=b\nusername = c:d\nregion_name=e"),
  login("continued", "password = a\n  b\n\t# c\nusername = d"),
  login("a continued quote", `password = "a\n b"\nregion_name = "n"\n "m"`),
  login(
    "other spaces",
    "password = \u00a0a\u2003\nusername\u3000=\x1cb\x85\nregion_name = \ufeffc",
  ),
  login("a form feed continues a value no more than another sign", "password = a\n\fusername = b"),
  login("dollar signs", "password = a$$b\\$c$ d$"),
  login(
    "names of Neutron's",
    "password = $nova.region_name-${host}\nusername = $rpc_response_timeout",
  ),
  login(
    "a name in its own section, then DEFAULT",
    "interface = public\npassword = $interface $control_exchange",
  ),
  login(
    "a name of a value that is not given",
    "password = [$region_name][$cafile][$insecure][$debug]",
  ),
  login(
    "a chain of names",
    "region_name = ${cafile}x\ncafile = $certfile\ncertfile = a$$b\nkeyfile = k",
  ),
  login("older names", "user-name = x\ntenant-name = y\nauth_plugin = password"),
  login("older names with the newer", "user_name = x\nusername = z\ntenant_name = y"),
  login("older names, underscores", "user_name = x\ntenant_name = y\ntenant_id = z"),
  login("per cent signs", "password = %(username)s 100%"),
  login(
    "sections in another case",
    "[KEYSTONE_AuthToken]\npassword = x\n[Calico]\nelector_name = y",
  ),
  login(
    "a section twice",
    "password = x\n[calico]\nelector_name = y\n[keystone_authtoken]\npassword = z",
  ),
  login("a key twice", "password = x\npassword = y\nPassword = z"),
  login("an empty value", "region_name =\ncafile=\n"),
  login("by ids", "user_id = u\nproject_id = p\nuser_domain_id = d\nproject_domain_id = e"),
  login("domains by name", "user_domain_name = d\nproject_domain_name = e\ninsecure = ON"),
  one(
    "auth_section",
    `[keystone_authtoken]\nauth_section = Other\nregion_name = a\n[other]\nauth_type = password
auth_url = http://10.0.0.4:5000/v3\nusername = o\npassword = $username\nproject_name = q\nregion_name = b\n`,
  ),
  one(
    "an application credential",
    `[keystone_authtoken]\nauth_section = app\n[app]
auth_type = v3applicationcredential\nauth_url = http://10.0.0.4:5000\napplication_credential_id = i
application_credential_secret = s$$\n`,
  ),
  one(
    "a token",
    `[keystone_authtoken]\nauth_section = tok\n[tok]\nauth_type = v3token
auth_url = http://10.0.0.4:5000\ntoken = t\nproject_name = p\n`,
  ),
  one(
    "other systems' line ends",
    "[calico]\r\nelector_name = a\r\nopenstack_region = b\r[DEFAULT]\rrpc_response_timeout = 7",
  ),
  one(
    "whole numbers",
    `[DEFAULT]\nrpc_response_timeout = " +1_0 "\n[calico]\nnum_port_status_threads = 007\n`,
  ),
  one("a list of topics", "[oslo_messaging_notifications]\ntopics = a , b,c\n"),
  one(
    "older names of topics and URL",
    "[DEFAULT]\nnotification_transport_url = rabbit://n:o@p/q\n[rpc_notifier2]\ntopics = t\n",
  ),
  one("the oldest name of topics", "[DEFAULT]\nnotification_topics = u\n"),
  one("an empty URL of notifications", "[oslo_messaging_notifications]\ntransport_url =\n"),
  one(
    "a name within a list",
    "[oslo_messaging_notifications]\ntopics = $control_exchange,x\n[DEFAULT]\ncontrol_exchange = e\n",
  ),
  bus("several hosts", "rabbit://a:b@h1:1,c:d@h2,e:f@[fd00::1]:7/v"),
  bus("a host without a login", "rabbit://a:b@h1,h2:2/"),
  bus("nobody at all", "rabbit://h"),
  bus("half a login", "rabbit://a@h,:p@i/"),
  bus("encoded", "rabbit://a%40b:%3A%25%20%3B@h/%2Fv%20w"),
  bus("encoded twice", "rabbit://a:b@h/a%252Fb"),
  bus("an at sign and a per cent sign as they are", "rabbit://a:b@c%d@h/"),
  bus("a vhost of one slash", "rabbit://a:b@h//"),
  bus("a vhost with a slash at its end", "rabbit://a:b@h/v/"),
  bus("an empty host", "rabbit://a:b@h,,c:d@i:6/"),
  bus("in capitals, with a fragment", "RABBIT://a:b@h/v#f"),
  bus("kombu's", "kombu+rabbit://a:b@h/v"),
  bus(
    "TLS by the URL",
    "rabbit://a:b@h/v?ssl=1&ssl_ca_file=/a%20b&ssl_cert_file=/c&ssl_key_file=/k",
  ),
  bus("no TLS by the URL", "rabbit://a:b@h/v?ssl=off", "ssl = yes\nssl_ca_file = /x"),
  bus("TLS by the section", "rabbit://a:b@h/v?ssl=", "ssl = 1\nssl_ca_file = $state_path/ca"),
  bus(
    "a URL of names",
    "rabbit://$control_exchange:${keystone_authtoken.region_name}@${host}:$rpc_response_timeout/",
  ),
  bus("a continued URL", `"rabbit://a:b@h/v"`, "ssl = TRUE\nssl_cert_file = /c\nssl_key_file = /k"),
  {
    name: "a later file, and names across files",
    files: {
      "0.conf": BASE,
      "1.conf": "[keystone_authtoken]\npassword = $nova.region_name\nregion_name = r\n",
      "2.conf": "[nova]\nregion_name = x\n[keystone_authtoken]\nregion_name =\n",
    },
  },
  {
    name: "directories between files",
    files: {
      "a.conf": BASE,
      "d/b.conf": "[calico]\nelector_name = d-b\nopenstack_region = d\netcd_username = d\n",
      "d/B.conf": "[calico]\nelector_name = d-B\n",
      "d/.c.conf": "[calico]\nelector_name = hidden\n",
      "d/c.ini": "[calico]\nelector_name = ini\n",
      "e/a.conf": "[calico]\netcd_username = e\n",
      "z.conf": "[calico]\nopenstack_region = z\n",
    },
    args: ["d/", "a.conf", "z.conf", "e/"],
  },
  {
    name: "a newer name in an earlier file",
    files: {
      "0.conf": BASE,
      "1.conf": "[keystone_authtoken]\nusername = newer\n",
      "2.conf": "[keystone_authtoken]\nuser_name = older\n",
    },
  },
  { name: "an empty file", files: { "0.conf": BASE, "1.conf": "", "2.conf": "# only this\n\n" } },
];

/** Broken, for both. */
export const BROKEN: readonly Case[] = [
  one("a line that is no assignment", "[calico]\nwords\n"),
  one("a section without an end", "[calico]\n[calico\nelector_name = x\n"),
  one("a section without a name", "[calico]\n[]\nelector_name = x\n"),
  one("an assignment without a key", "[calico]\n= x\n"),
  one("an indented line after a blank one", "[calico]\nelector_name = x\n\n  y\n"),
  one("an indented line after a comment", "[calico]\nelector_name = x\n# c\n  y\n"),
  one("an indented line after a heading", "[calico]\n  elector_name = x\n"),
];
