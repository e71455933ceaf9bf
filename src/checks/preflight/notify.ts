import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { counted, notConfigured, passed } from './finding.ts';

/** Warns: a silent deploy is a known pitfall. Whether a channel works shows when the start is announced. */
export const notifyCheck: Check<PreflightContext> = {
  id: 'notify',
  title: 'Somebody is told',
  category: 'communication',
  blocking: false,
  run: async (context) => {
    const channels = context.environment.notify.map((channel) =>
      'webhook' in channel ? 'webhook' : 'command' in channel ? 'command' : 'file',
    );
    if (channels.length === 0) return notConfigured(context, 'notify: [{ webhook: "https://hooks.example.com/…" }]');
    return passed(`${counted(channels.length, 'channel')}: ${channels.join(', ')}`, { channels: channels.join(', ') });
  },
};
