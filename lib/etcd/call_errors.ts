/** What an error of a call to etcd says about the member that was asked, and about the call. @module */
import {
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCInternalError,
  GRPCUnavailableError,
  GRPCUnknownError,
} from "etcd3";
import { describeError } from "../base/log.ts";

/** etcd or the connection ended a stream that goes on for ever. */
export class StreamEndedError extends Error {
  override readonly name = "StreamEndedError";
}

/** etcd does not let the user in; the message says why, as far as etcd tells. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** The user may not watch, or no longer; nothing is lost meanwhile. */
export class WatchRefusedError extends Error {
  override readonly name = "WatchRefusedError";
}

/** Codes of gRPC that streams, which etcd3 does not translate, carry. */
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

function codeOf(error: unknown): number | null {
  if (error instanceof GRPCUnavailableError) return UNAVAILABLE;
  if (error instanceof GRPCInternalError) return INTERNAL;
  if (error instanceof GRPCCancelledError) return CANCELLED;
  if (error instanceof GRPCUnknownError) return UNKNOWN;
  if (error instanceof GRPCDeadlineExceededError) return DEADLINE_EXCEEDED;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "number" ? code : null;
}

/** The member, or the way to it, failed: another may do better. */
export function isOfMember(error: unknown): boolean {
  if (error instanceof StreamEndedError) return true;
  const code = codeOf(error);
  // Over TLS, what a member has not answered when it stops in order ends without a status of gRPC.
  if (code === UNKNOWN) return /stopped|raft|Received HTTP status code 200/.test(String(error));
  return code === UNAVAILABLE || code === INTERNAL || code === CANCELLED;
}

/** The time of the call is over. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === DEADLINE_EXCEEDED;
}

/** The call never left this machine: it has not happened. */
export function wasNeverSent(error: unknown): boolean {
  return /No connection established|Name resolution failed/.test(String(error));
}

/**
 * The cluster is between two leaders: nothing is wrong with the member that was asked, which only reports it.
 * Source: etcd's `ErrLeaderChanged`, `ErrTimeout…`.
 */
export function isBetweenLeaders(error: unknown): boolean {
  return /etcdserver: (leader changed|request timed out)/.test(String(error));
}

/**
 * The token has expired, there is none since authentication was off, or, with JWT, users or roles were changed
 * since: a new token helps. Source: etcd's `ErrInvalidAuthToken`, `ErrUserEmpty`, `ErrAuthOldRevision`.
 */
export function isOldToken(error: unknown): boolean {
  if (error instanceof EtcdInvalidAuthTokenError) return true;
  return codeOf(error) === UNAUTHENTICATED ||
    /invalid auth token|user name is empty|revision of auth store is old/.test(String(error));
}

/** Nobody has to log in. Source: etcd's `ErrAuthNotEnabled`. */
export function isAuthOff(error: unknown): boolean {
  return /authentication is not enabled/.test(String(error));
}

/** The user has no password. Source: etcd's `ErrNoPasswordUser`. */
export function isPasswordless(error: unknown): boolean {
  return /password was given for no password user/.test(String(error));
}

/** The revision that was asked for is compacted. Source: etcd's `ErrCompacted`. */
export function isCompacted(error: unknown): boolean {
  return /required revision has been compacted/.test(String(error));
}

/** The request is larger than etcd takes. Source: etcd's `ErrRequestTooLarge`, and gRPC's own limit. */
export function isTooLarge(error: unknown): boolean {
  return /request is too large|message larger than max/.test(String(error));
}

/** etcd's quota is used up: it takes deletions and reads only. Source: etcd's `ErrNoSpace`. */
export function isNoSpace(error: unknown): boolean {
  return /database space exceeded/.test(String(error));
}

/**
 * What is wrong and what helps, for an operator, when etcd answers or its certificate speaks for itself; null:
 * it is not that etcd refuses, or nothing more is known than the error says.
 */
export function refusalOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const tls = /EtcdTlsError: (.*?)(?:\. Resolution note:.*)?$/s.exec(error.message)?.[1];
  if (tls !== undefined) return tls;
  const says = isNoSpace(error) || error instanceof EtcdPermissionDeniedError ||
    error instanceof LoginError || error instanceof WatchRefusedError;
  return says ? error.message : refusalOf(error.cause);
}

/** A failed call in words for an operator: what etcd refuses, or that it does not answer. @param place its members. */
export function failureText(error: unknown, place: string): string {
  const refusal = refusalOf(error);
  if (refusal !== null && !isOfMember(error)) return refusal;
  return `etcd at ${place} does not answer (${refusal ?? describeError(error)}): ` +
    "check that it runs, its address (--etcd) and, with https, the certificates";
}

/** The member answered, whatever it said. */
export function isAnswer(error: unknown): boolean {
  return error instanceof EtcdPermissionDeniedError ||
    !(isOfMember(error) || isTimeout(error) || isOldToken(error));
}
