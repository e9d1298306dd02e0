/** The status codes of gRPC: https://grpc.io/docs/guides/status-codes/. */
export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof StatusCode;

/** How a call ends. The message is for people; it is empty if the status is OK. */
export interface Status {
  readonly code: StatusName;
  readonly message: string;
}

export const OK: Status = { code: 'OK', message: '' };

/**
 * Encodes a message for the header `grpc-message`: bytes other than printable ASCII, and the percent sign, become
 * `%XX`.
 */
export function encodeMessage(message: string): string {
  return message
    .toWellFormed()
    .replace(/[^ -~]+|%/gu, (text) =>
      Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}
