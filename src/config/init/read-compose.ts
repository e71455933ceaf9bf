import { z } from 'zod';
import { splitCommandLine } from '../split-command-line.ts';
import { type Finding, type Findings, healthPathIn } from './finding.ts';
import { readYamlDocuments } from './yaml-documents.ts';

const commandSchema = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .catch(undefined);

const serviceSchema = z.looseObject({
  build: z.unknown().optional(),
  command: commandSchema,
  ports: z
    .array(z.union([z.string(), z.number(), z.looseObject({ target: z.number() })]))
    .optional()
    .catch(undefined),
  healthcheck: z.looseObject({ test: commandSchema }).optional().catch(undefined),
  deploy: z.looseObject({ replicas: z.number().optional() }).optional().catch(undefined),
});
const composeSchema = z.looseObject({ services: z.record(z.string(), serviceSchema) });
type ComposeService = z.infer<typeof serviceSchema>;

/** The service that is built from the project, as a Compose file has it. Pure. */
export function readCompose(text: string, file: string): Findings {
  const result = composeSchema.safeParse(readYamlDocuments(text)[0]);
  if (!result.success) return { findings: [], notes: [] };
  const services = Object.entries(result.data.services);
  const own = services.find(([, service]) => service.build !== undefined);
  if (own === undefined)
    return { findings: [], notes: [`${file}: no service is built from this project; it was not used.`] };
  const [name, service] = own;
  const others = services.filter(([other]) => other !== name).map(([other]) => other);
  const notes =
    others.length === 0
      ? []
      : [`${file}: seatrial ships only ${name}; ${others.slice(0, 5).join(', ')} must be running by themselves.`];
  return { findings: findingsOf(service, `${name} in ${file}`, notes), notes };
}

function findingsOf(service: ComposeService, where: string, notes: string[]): Finding[] {
  const findings: Finding[] = [];
  const { command } = service;
  if (Array.isArray(command))
    findings.push({ key: 'command', value: command, because: `command of ${where}`, sure: false });
  if (typeof command === 'string') {
    const split = splitCommandLine(command);
    if (split.ok) findings.push({ key: 'command', value: split.argv, because: `command of ${where}`, sure: false });
    else notes.push(`The command of ${where} was not used, because ${split.reason}.`);
  }
  const port = portOf(service.ports?.[0]);
  if (port !== null) findings.push({ key: 'port', value: port, because: `ports of ${where}`, sure: false });
  const path = healthPathIn([service.healthcheck?.test ?? ''].flat().join(' '));
  if (path !== null) findings.push({ key: 'healthPath', value: path, because: `healthcheck of ${where}`, sure: true });
  const replicas = service.deploy?.replicas;
  if (replicas !== undefined)
    findings.push({ key: 'instances', value: replicas, because: `deploy.replicas of ${where}`, sure: true });
  return findings;
}

/** `"127.0.0.1:8080:3000"` → 8080, the port that the outside uses. */
function portOf(port: string | number | { target: number } | undefined): number | null {
  if (port === undefined) return null;
  if (typeof port === 'number') return port;
  if (typeof port === 'object') return port.target;
  const numbers = port
    .replace(/\/(tcp|udp)$/, '')
    .split(':')
    .filter((part) => /^\d{1,5}$/.test(part));
  return numbers.length === 0 ? null : Number(numbers[0]);
}
