/** What a page cannot say because nobody has measured it. @module */

/** Figures that a page needs and that were not measured. */
export class NotMeasuredError extends Error {
  override name = "NotMeasuredError";
  /** `benchmark: name` of each, once. */
  readonly figures: readonly string[];

  constructor(figures: readonly string[]) {
    const once = [...new Set(figures)];
    const names = once.map((name) => `"${name}"`).join(", ");
    super(`${names} ${once.length === 1 ? "was" : "were"} not measured`);
    this.figures = once;
  }
}

/** What each of these makes. @throws {NotMeasuredError} with all that any of them lacks. */
export function madeOf(makers: readonly (() => string)[]): string[] {
  const missing: string[] = [];
  const made = makers.map((make) => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof NotMeasuredError)) throw error;
      missing.push(...error.figures);
      return "";
    }
  });
  if (missing.length > 0) throw new NotMeasuredError(missing);
  return made;
}
