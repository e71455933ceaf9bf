import { plainLine } from '../format.ts';
import { answerTo, type CardInput, cardHead, checkLine } from './card-input.ts';
import { approverLines } from './deployment-plan-card.ts';

type Line = readonly [text: string, checkId: string];

const sections: ReadonlyArray<readonly [title: string, lines: readonly Line[]]> = [
  [
    'Quality Gates',
    [
      ['Tests passed in CI', 'tests'],
      ['Code reviewed and approved', 'code-review'],
      ['Security scan passed (no High or Critical vulnerabilities)', 'security'],
      ['Performance tests passed (SLO targets met)', 'performance'],
      ['Integration tests passed (100 %)', 'integration'],
      ['Smoke tests validated in staging', 'staging'],
    ],
  ],
  [
    'Infrastructure',
    [
      ['Production environment health check passing', 'target-healthy'],
      ['Service answers on the traffic path', 'traffic-path'],
      ['Monitoring dashboards operational', 'dashboards'],
      ['Alerting rules configured', 'alerts'],
      ['Rollback plan documented', 'rollback-plan'],
      ['Rollback plan tested', 'rollback-rehearsed'],
      ['No active P0 or P1 incident', 'incidents'],
      ['No maintenance window', 'maintenance'],
      ['No freeze', 'freeze'],
    ],
  ],
  [
    'Artifacts',
    [
      ['Version resolves to a revision (images built and tagged)', 'version-resolves'],
      ['Artifact checksums verified', 'artifact'],
      ['Signatures validated', 'signatures'],
      ['Database migrations prepared', 'migration'],
      ['Feature flags configured', 'feature-flags'],
    ],
  ],
  [
    'Communication',
    [
      ['Stakeholders will be told', 'notify'],
      ['On-call engineer available', 'on-call'],
      ['Incident response team on standby', 'incident-team'],
    ],
  ],
];

/** The seed's checklist, ticked by the answers of pre-flight and by approvals that were given. Pure. */
export function renderPreDeploymentChecklist(input: CardInput): string {
  const { checks } = input;
  const asked = sections.map(
    ([title, lines]) => `## ${title}\n${lines.map(([text, id]) => checkLine(text, answerTo(input, id))).join('\n')}`,
  );
  const known = new Set(sections.flatMap(([, lines]) => lines.map(([, id]) => id)));
  const others = (checks ?? []).filter(({ id }) => !known.has(id));
  const more =
    others.length === 0
      ? []
      : [`## Also Asked\n${others.map((check) => checkLine(plainLine(check.title), check)).join('\n')}`];
  return `${[cardHead('Pre-Deployment Checklist', input), renderApprovals(input), ...asked, ...more].join('\n\n')}\n`;
}

/** A role counts as approved when the one who approved the plan is named for it. */
function renderApprovals({ spec, plan, record }: CardInput): string {
  const given = record?.approvals.filter(({ scope, how }) => scope === 'start' && how !== 'none') ?? [];
  const lines = approverLines(spec).map((line) => {
    const name = line.slice(line.indexOf(': ') + 2);
    const own = given.find(({ by }) => by === name);
    return own === undefined ? `- [ ] ${line}` : `- [x] ${line} (${own.how}, ${new Date(own.givenAtMs).toISOString()})`;
  });
  const any = given.map(({ by, how }) => `- [x] The plan was approved by ${plainLine(by)} (${how})`);
  const needed = plan?.approval ?? spec.approval?.how ?? null;
  return `## Approvals\n${[...any, ...(any.length === 0 ? [`- [ ] The plan was approved (${needed === 'none' ? 'this environment asks nobody' : 'no approval is on record'})`] : []), ...lines].join('\n')}`;
}
