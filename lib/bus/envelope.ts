/**
 * oslo.messaging's envelope, version 2.0: a JSON object that carries the message as JSON text. Source:
 * oslo.messaging, `serialize_msg` and the RPC client. Neutron requires `_context_is_admin`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { parseJson } from "../base/json.ts";

/** The message of a call or a cast. */
export interface RpcMessage {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Version of the endpoint's interface, such as `1.2`. */
  readonly version: string;
}

/** An exception on the other side. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  /** `remoteClass` is the exception's class there, such as `UnsupportedVersion`. */
  constructor(readonly remoteClass: string, text: string) {
    super(`neutron-server answered ${remoteClass}: ${text}`);
  }
}

/** The class of the exception behind an error of the other side; empty for any other error. */
export function remoteClassOf(error: unknown): string {
  return error instanceof RemoteError ? error.remoteClass : "";
}

/** A new id: 32 hexadecimal digits. */
export function uniqueId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** The body of a cast; with `reply`, which says where the answer goes, of a call. */
export function encodeRpc(
  { method, args, version }: RpcMessage,
  reply: { readonly id: string; readonly queue: string } | null,
): Buffer {
  const message = {
    method,
    args,
    version,
    ...(reply ? { _msg_id: reply.id, _reply_q: reply.queue, _timeout: null } : {}),
    _unique_id: uniqueId(),
    _context_is_admin: true,
  };
  return Buffer.from(
    JSON.stringify({ "oslo.version": "2.0", "oslo.message": JSON.stringify(message) }),
  );
}

const envelopeSchema = z.object({ "oslo.message": z.string() });
const replySchema = z.object({
  _msg_id: z.string(),
  result: z.unknown().optional(),
  failure: z.string().nullable().default(null),
  ending: z.boolean().default(false),
});
const failureSchema = z.object({ class: z.string(), message: z.string().default("") });

/** The message in an envelope, or undefined when it is none. */
export function decodeEnvelope(body: Uint8Array): unknown {
  const envelope = envelopeSchema.safeParse(parseJson(new TextDecoder().decode(body)));
  return envelope.success ? parseJson(envelope.data["oslo.message"]) : undefined;
}

/** The answer in a message's body, or null when it is none; `ending`: nothing more comes for this call. */
export function decodeReply(body: Uint8Array) {
  const parsed = replySchema.safeParse(decodeEnvelope(body));
  if (!parsed.success) return null;
  const { _msg_id: id, result, failure, ending } = parsed.data;
  if (failure === null) return { id, result, failure: null, ending };
  const known = failureSchema.safeParse(parseJson(failure));
  const error = known.success
    ? new RemoteError(known.data.class, known.data.message.slice(0, 300))
    : new RemoteError("an unknown error", failure.slice(0, 300));
  return { id, result: null, failure: error, ending: true };
}
