/** Fields that records have in common. @module */
import { z } from "zod";

/** A time, ms since the epoch, or a length of time, ms. */
export const ms = z.number();
/** How many. */
export const count = z.number().int().nonnegative();
