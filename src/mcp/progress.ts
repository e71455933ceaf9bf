import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { OperationContext } from '../model/operation.ts';
import { printable } from '../model/printable.ts';

/**
 * Progress notifications for one request; silent when the client did not ask for them. The protocol wants `progress` to
 * rise with every notification, also when an operation only has something to say.
 */
export function createProgressReporter(
  extra: RequestHandlerExtra<ServerRequest, ServerNotification>,
): OperationContext['progress'] {
  const progressToken = extra._meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let last = -1;
  return (message, done, total) => {
    if (extra.signal.aborted) return;
    const least = last < 0 ? 0 : last + (total === undefined ? 1 : 0.001);
    last = Math.max(done ?? 0, least);
    const params = {
      progressToken,
      progress: last,
      message: printable(message),
      ...(total === undefined ? {} : { total }),
    };
    // A client that is gone must not end the work.
    extra.sendNotification({ method: 'notifications/progress', params }).catch(() => {});
  };
}
