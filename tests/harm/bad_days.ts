/**
 * Bad days: what a Neutron or a Keystone answers that is not well, or is behind a proxy that is not,
 * and what of etcd may then stay as it was. Each was seen with a real server or can be.
 *
 * @module
 */
import type { Cloud } from "../../lab/model.ts";
import { damaged, DAMAGES, hideField } from "./damages.ts";
import { disturbed } from "./disturbances.ts";
import { type CollectionName, COLLECTIONS } from "./records.ts";
import { type Asked, type BadAnswer, keyOf, listOf, PartialCloud } from "./stand_in.ts";
import { cloudBefore, VICTIMS } from "./cloud.ts";

/** What has to become of a run that looks at everything, beyond that it does no harm. */
export type Goal =
  /** All of the cloud arrives in etcd all the same. */
  | "applied"
  /** What is left out is said, and everything but the two objects arrives. */
  | "left"
  /** The collection is held back, which is said, and everything else arrives. */
  | "held"
  /** It may fail whole. */
  | "safe";

/** A bad day of one collection. */
export interface BadDay {
  readonly name: string;
  readonly collection: CollectionName;
  readonly goal: Goal;
  readonly answer: BadAnswer;
  /** It is over only by the request's deadline, which is short then. */
  readonly endless?: boolean;
  /**
   * Only all lists together tell: an object that is asked for alone is gone for all that Neutron says,
   * and nothing is expected of runs that look at single ones.
   */
  readonly onlyTogether?: boolean;
  /** Keystone is not configured. */
  readonly noKeystone?: boolean;
  /** Something is not there at all, which is found out only by the first resync of a term. */
  readonly absent?: boolean;
}

type Sort = (collection: CollectionName) => Omit<BadDay, "name" | "collection"> | null;

/** Ids of some of the objects, in their order. */
function some(asked: Asked, keep: Keep): Set<string> {
  const all = listOf(asked.cloud, asked.collection!);
  return new Set(all.filter((_, index) => !keep(index)).map(({ id }) => id));
}

type Keep = (index: number) => boolean;
const none: Keep = () => false;
const half: Keep = (index) => index % 2 === 0;
const tenth: Keep = (index) => index % 10 === 0;
const mostOf: Keep = (index) => index % 5 !== 2;

/** Only some objects are shown, whatever is asked for. */
function shows(keep: Keep, goal: Goal): Sort {
  return (of) => {
    const partial = new WeakMap<Cloud, PartialCloud>();
    return {
      // Projects are no more than names, and what endpoints show of one that is not known stays.
      goal: of === "projects" && (keep === half || keep === mostOf) ? "safe" : goal,
      onlyTogether: of === "ports" && keep !== none,
      answer(asked) {
        if (asked.collection !== of) return null;
        const { cloud } = asked;
        const shown = partial.get(cloud) ?? new PartialCloud(cloud, of, some(asked, keep));
        partial.set(cloud, shown);
        return asked.truth(asked.url, shown);
      },
    };
  };
}

/** Only some objects are listed; by id all are there. */
function lists(keep: Keep, goal: Goal): Sort {
  return (of) => {
    const { answer } = shows(keep, goal)(of)!;
    return { goal, answer: (asked) => asked.how === "list" ? answer(asked) : null };
  };
}

/** The answers to the collection's requests of that sort are replaced. */
function replaced(
  with_: (asked: Asked) => Promise<Response> | Response,
  goal: Goal = "safe",
  when: (asked: Asked) => boolean = () => true,
): Sort {
  return (of) => ({
    goal,
    answer: (asked) => asked.collection === of && when(asked) ? with_(asked) : null,
  });
}

function extensionMissing(of: Partial<Record<CollectionName, readonly string[]>>): Sort {
  return (collection) => {
    const aliases = of[collection];
    return aliases
      ? { goal: "safe", absent: true, answer: (asked) => disturbed.without(asked, aliases) }
      : null;
  };
}

const not = (excluded: readonly CollectionName[], sort: Sort): Sort => (of) =>
  excluded.includes(of) ? null : sort(of);
const only = (included: readonly CollectionName[], sort: Sort): Sort => (of) =>
  included.includes(of) ? sort(of) : null;
/** They come in pages. */
const paged = (sort: Sort): Sort => not(["projects"], sort);

const withoutFilter = ({ url, truth }: Asked) => {
  const whole = new URL(url);
  whole.search = "";
  for (const name of ["limit", "fields", "marker"]) {
    for (const value of url.searchParams.getAll(name)) whole.searchParams.append(name, value);
  }
  return truth(whole);
};
const nothing = (asked: Asked) =>
  asked.how === "one"
    ? Response.json({ error: { code: 404, message: "not found" } }, { status: 404 })
    : Response.json({ [keyOf(asked.collection!)]: [] });
const filtered = ({ how }: Asked) => how === "ids" || how === "filter";
/** More ids than a client should ask for. */
const isLong = ({ url }: Asked) => url.searchParams.getAll("id").length > 35;
const asBefore = ({ url, truth }: Asked) => truth(url, yesterday);
const yesterday = cloudBefore();

/** Of each two requests, the first fails. */
function sometimes(failure: () => Response): Sort {
  return (of) => {
    const failed = new Set<string>();
    return {
      goal: "applied",
      answer({ collection, url }) {
        if (collection !== of || failed.delete(url.href)) return null;
        failed.add(url.href);
        return failure();
      },
    };
  };
}

const byId = ({ how }: Asked) => how === "ids" || how === "one";

/** Every request for the collection fails, one way or another. */
const FAILURES: Readonly<Record<string, Sort>> = {
  "HTML with 200": replaced(disturbed.html),
  "nothing with 200": replaced(() => new Response("")),
  "204": replaced(() => new Response(null, { status: 204 })),
  "login page": replaced(disturbed.redirect),
  "connection breaks off": replaced(disturbed.reset),
  "no list": replaced(({ collection }) => Response.json({ [keyOf(collection!)]: {} })),
  "list is null": replaced(({ collection }) => Response.json({ [keyOf(collection!)]: null })),
  "JSON cut off": replaced(disturbed.cutOff),
  "other JSON": replaced(() => Response.json({ message: "try again later" })),
  "null": replaced(() => Response.json(null)),
  "endless": (of) => ({ ...replaced(disturbed.endless)(of)!, endless: true }),
  "403": replaced(disturbed.forbidden),
  "404": replaced(disturbed.notFound),
  "500": replaced(disturbed.broken),
};

/** Days on which a run can do no more than fail. */
export const FAILS_WHOLE: ReadonlySet<string> = new Set(Object.keys(FAILURES));

const SORTS: Readonly<Record<string, Sort>> = {
  "empty": shows(none, "held"),
  "list empty, by id all there": lists(none, "held"),
  // Nothing else tells of a floating IP: some of them gone for good may be true.
  "−50 %": not(["floatingips"], shows(half, "held")),
  "−50 %, by id all there": lists(half, "safe"),
  "−90 %": shows(tenth, "held"),
  "list short, by id all there": lists(mostOf, "safe"),
  "rights hide some": not(["floatingips"], shows(mostOf, "held")),
  "by id nothing is there": replaced(nothing, "safe", byId),
  "by id 403": replaced(disturbed.forbidden, "safe", byId),
  // A replica of the database lags behind.
  "by id as before": replaced(asBefore, "safe", byId),
  "list as before": replaced(asBefore, "safe", ({ how }) => how === "list"),
  "no next link": paged(replaced(disturbed.noLink, "applied")),
  "next link malformed": paged(replaced(disturbed.malformedLink, "applied")),
  "page repeats": paged(replaced(disturbed.firstPage)),
  "two pages in turn": paged(replaced(disturbed.twoPages)),
  "records twice": paged(replaced(disturbed.recordsTwice)),
  "not in order": paged(replaced(disturbed.reversed)),
  "pages capped": paged(replaced(disturbed.capped, "applied")),
  "third page fails": paged(replaced(disturbed.thirdPageFails)),
  "filter dropped": paged(replaced(withoutFilter, "safe", filtered)),
  // As uWSGI does with a query that its buffer does not hold twice, or not once.
  "long queries lose their filter": paged(replaced(withoutFilter, "applied", isLong)),
  "long queries are cut off": paged(replaced(disturbed.reset, "applied", isLong)),
  ...Object.fromEntries(
    Object.entries(DAMAGES).map(([name, damage]) => [
      name,
      ((of) => {
        const applies = damage(of);
        if (!applies) return null;
        const answer: BadAnswer = (asked) =>
          asked.collection === of ? damaged(asked, new Set(VICTIMS[of]), applies) : null;
        return { goal: "left", answer };
      }) satisfies Sort,
    ]),
  ),
  "a field is hidden": (of) => ({
    goal: "safe",
    answer: (asked) => asked.collection === of ? hideField(asked) : null,
  }),
  ...FAILURES,
  "every second request 503": sometimes(disturbed.unavailable),
  "every second token has expired": sometimes(disturbed.unauthorised),
  "extension not loaded": extensionMissing({
    "ports": ["binding"],
    "security-groups": ["security-group", "port-security-groups-filtering"],
    "floatingips": ["router"],
    "qos/policies": ["qos"],
    "address-groups": ["address-group"],
  }),
  "extension of a field not loaded": extensionMissing({
    "ports": ["allowed-address-pairs", "dns-integration"],
  }),
  "not configured": only(
    ["projects"],
    () => ({ goal: "safe", absent: true, noKeystone: true, answer: () => null }),
  ),
};

/** All of them. */
export const BAD_DAYS: readonly BadDay[] = COLLECTIONS.flatMap((collection) =>
  Object.entries(SORTS).flatMap(([name, sort]) => {
    const day = sort(collection);
    return day ? [{ name, collection, ...day }] : [];
  })
);
