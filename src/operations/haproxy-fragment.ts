import { type HaproxyTargetSpec, haproxyTargetSchema } from '../model/config/target.ts';
import { planFirstMaps, renderConfigFragment } from '../targets/haproxy/config-fragment.ts';
import { fragmentSettingsOf } from '../targets/haproxy/fragment-settings-of.ts';

/** What haproxy.cfg must have for a target, and what its maps must hold before the first start, as lines. Pure. */
export function haproxyFragment(spec: HaproxyTargetSpec, around: { service: string; url: string }): string[] {
  const settings = fragmentSettingsOf(spec, around);
  const maps = planFirstMaps(settings).map(({ path, text }) =>
    text === '' ? `  ${path}: an empty file` : `  ${path}: ${text.trim()}`,
  );
  return [
    'For haproxy.cfg (add, then reload HAProxy; pre-flight checks that the running one has it):',
    '',
    renderConfigFragment(settings).trimEnd(),
    '',
    'Before its first start, in files that the user of seatrial may write:',
    ...maps,
    `  ${settings.stateFile}: an empty file`,
  ];
}

/** A target block to begin with, for a project that has a haproxy.cfg, and the fragment that goes with it. Pure. */
export function suggestHaproxy(around: { service: string; url: string; command: readonly string[] }): string[] {
  const name = around.service.replace(/[^A-Za-z0-9_.-]/g, '-');
  const block = {
    kind: 'haproxy',
    command: around.command,
    socket: '/run/haproxy/admin.sock',
    slots: { a: `${name}_a`, b: `${name}_b` },
    splitMap: `/etc/haproxy/maps/${name}-split.map`,
    revisionsMap: `/etc/haproxy/maps/${name}-revisions.map`,
    stateFile: '/var/lib/haproxy/servers.state',
    configFile: '/etc/haproxy/haproxy.cfg',
    requestLog: true,
  };
  const spec = haproxyTargetSchema.parse(block);
  return [
    'There is a haproxy.cfg here. To run behind HAProxy instead of the embedded proxy, give the environment this target:',
    '',
    `target: ${JSON.stringify(block, null, 2)}`,
    '',
    ...haproxyFragment(spec, { service: name, url: around.url }),
  ];
}
