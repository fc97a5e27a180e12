/**
 * Projects with their names and parents (`GET /v3/projects`). Keystone lists no more than its
 * `list_limit`, and says `truncated` then: those that the list leaves out are asked for one by one. A
 * user that may not list them sees none, which costs labels and nothing else. One that cannot be
 * understood is as it was before, and is named.
 *
 * @module
 */
import { z } from "zod";
import { isRefused, OpenstackError } from "./http.ts";
import { RecordReader } from "./listing.ts";
import { type Project, projectSchema } from "./records.ts";

const listSchema = z.object({
  projects: z.array(z.unknown()),
  truncated: z.boolean().default(false),
});
const oneSchema = z.object({ project: projectSchema });
/** Projects that are asked for one by one in one go. */
const MAX_SINGLE = 100;

/** Sends a GET to Keystone with our token. */
type Get = (path: string, signal: AbortSignal) => Promise<unknown>;

/** Projects that were read, by id. */
export class Projects {
  /** The last list, without what was found one by one. */
  #listed: ReadonlyMap<string, Project> = new Map();
  /** Found one by one; null: Keystone does not know it or does not show it. */
  readonly #found = new Map<string, Project | null>();
  #refused: { readonly id: string; readonly why: string }[] = [];
  #truncated = false;
  #trouble: string | null = null;

  constructor(readonly get: Get) {}

  /** What of the last list could not be understood: nothing new is known of those. */
  get refused(): readonly { readonly id: string; readonly why: string }[] {
    return this.#refused;
  }

  /** What an operator should know, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /**
   * All projects. What was known stays when Keystone does not allow the list any more.
   *
   * @throws {OpenstackError} Keystone does not answer, or no such list.
   */
  async list(signal: AbortSignal): Promise<Project[]> {
    try {
      const parsed = listSchema.safeParse(await this.get("/projects", signal));
      if (!parsed.success) throw new OpenstackError("Keystone sent no list of projects", 200);
      this.#read(parsed.data.projects);
      this.#truncated = parsed.data.truncated;
      this.#trouble = this.#truncated
        ? `Keystone lists only ${this.#listed.size} projects (its list_limit): others are asked ` +
          "for one by one, and when they are renamed that is not noticed"
        : null;
      // One that did not exist may exist by now.
      for (const [id, project] of this.#found) if (project === null) this.#found.delete(id);
    } catch (error) {
      if (!isRefused(error, 403)) throw error;
      this.#trouble =
        "the service user may not list projects (identity:list_projects): endpoints " +
        "do not carry their names; give it the admin role";
    }
    return this.#all();
  }

  #read(records: readonly unknown[]): void {
    const required = Object.keys(projectSchema.shape);
    const rules = { schema: projectSchema, url: "Keystone's /projects", required };
    const reader = new RecordReader(rules);
    reader.demandFields(records);
    const { items, refused } = reader.read(records);
    const asBefore = refused.flatMap(({ id }) => this.#listed.get(id) ?? []);
    this.#listed = new Map([...items, ...asBefore].map((project) => [project.id, project]));
    this.#refused = [...refused];
  }

  /** All that is known, with those of these ids that the list had left out. */
  async including(ids: Iterable<string>, signal: AbortSignal): Promise<Project[]> {
    const known = new Set(this.#all().map(({ id }) => id));
    const wanted = [...new Set(ids)].filter((id) => !known.has(id) && !this.#found.has(id));
    for (const id of this.#truncated ? wanted.slice(0, MAX_SINGLE) : []) {
      this.#found.set(id, await this.#one(id, signal));
    }
    return this.#all();
  }

  /** Whether asking for single projects can tell more than the list did. */
  get truncated(): boolean {
    return this.#truncated;
  }

  #all(): Project[] {
    const all = new Map(this.#listed);
    for (const [id, project] of this.#found) if (project && !all.has(id)) all.set(id, project);
    return [...all.values()];
  }

  async #one(id: string, signal: AbortSignal): Promise<Project | null> {
    try {
      const answer = await this.get(`/projects/${encodeURIComponent(id)}`, signal);
      const parsed = oneSchema.safeParse(answer);
      if (parsed.success) return parsed.data.project;
      this.#refused.push({ id, why: "Keystone's answer to /projects/<id> is no project" });
      return null;
    } catch (error) {
      if (isRefused(error, 403, 404)) return null;
      throw error;
    }
  }
}
