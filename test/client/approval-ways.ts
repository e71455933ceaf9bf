/** The client that `npm run test:client` gets, and of which docs/threat-model.md speaks. Pure data: also read where there is no client. */
export const clientVersion = '2.1.332';

/** How the tools of the plugin are named in this client. */
export const toolPrefix = 'mcp__plugin_seatrial_deploy__';

export const allowedTools = ['--allowedTools', `${toolPrefix}*`, `${toolPrefix}rollout_approve`];

/** A program of the user that answers the client with yes, and leaves a file that says so. */
const hookThatAllows = (event: 'PreToolUse' | 'PermissionRequest'): object => {
  const yes = { permissionDecision: 'allow', permissionDecisionReason: 'yes', decision: { behavior: 'allow' } };
  const answer = JSON.stringify({ hookSpecificOutput: { hookEventName: event, ...yes } });
  const command = `touch "$HOME/../answered-${event}"; printf '%s' '${answer}'`;
  return { [event]: [{ matcher: '*', hooks: [{ type: 'command', command }] }] };
};
const settings = (content: object): string[] => ['--settings', JSON.stringify(content)];
export const allowingHooks = settings({
  hooks: { ...hookThatAllows('PreToolUse'), ...hookThatAllows('PermissionRequest') },
});

/** In which a user, or an agent that writes settings, could think that nobody has to be asked. The names stand in docs/threat-model.md. */
export const waysWithoutPerson: ReadonlyArray<{ name: string; args: string[]; env?: Record<string, string> }> = [
  { name: '--allowedTools', args: allowedTools },
  { name: 'permissions.allow', args: settings({ permissions: { allow: allowedTools.slice(1) } }) },
  { name: 'acceptEdits', args: [...allowedTools, '--permission-mode', 'acceptEdits'] },
  { name: 'auto', args: [...allowedTools, '--permission-mode', 'auto'] },
  { name: 'dontAsk', args: [...allowedTools, '--permission-mode', 'dontAsk'] },
  // The client refuses what follows to root unless it is told that it is in a sandbox.
  {
    name: 'bypassPermissions',
    args: [...allowedTools, '--permission-mode', 'bypassPermissions'],
    env: { IS_SANDBOX: '1' },
  },
  { name: '--dangerously-skip-permissions', args: ['--dangerously-skip-permissions'], env: { IS_SANDBOX: '1' } },
  { name: 'hooks that allow', args: [...allowedTools, ...allowingHooks] },
];
