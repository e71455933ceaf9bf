import { z } from 'zod';
import { type Finding, type Findings, serviceName } from './finding.ts';
import { readYamlDocuments } from './yaml-documents.ts';

const probeSchema = z
  .looseObject({ httpGet: z.looseObject({ path: z.string().optional() }).optional() })
  .optional()
  .catch(undefined);

const deploymentSchema = z.looseObject({
  kind: z.literal('Deployment'),
  metadata: z.looseObject({ name: z.string().optional() }).optional().catch(undefined),
  spec: z.looseObject({
    replicas: z.number().optional().catch(undefined),
    template: z.looseObject({
      spec: z.looseObject({
        containers: z
          .array(
            z.looseObject({
              command: z.array(z.string()).optional().catch(undefined),
              args: z.array(z.string()).optional().catch(undefined),
              ports: z
                .array(z.looseObject({ containerPort: z.number().optional() }))
                .optional()
                .catch(undefined),
              readinessProbe: probeSchema,
              livenessProbe: probeSchema,
            }),
          )
          .min(1),
      }),
    }),
  }),
});

/** The first Deployment in a manifest; none when there is none. `file` is named in the reasons. Pure. */
export function readKubernetes(text: string, file: string): Findings {
  const deployments = readYamlDocuments(text).flatMap((document) => {
    const result = deploymentSchema.safeParse(document);
    return result.success ? [result.data] : [];
  });
  const [deployment] = deployments;
  if (deployment === undefined) return { findings: [], notes: [] };
  const [container] = deployment.spec.template.spec.containers;
  const findings: Finding[] = [];
  const found = (finding: Finding): void => {
    findings.push(finding);
  };
  const name = serviceName(deployment.metadata?.name ?? '');
  if (name !== null) found({ key: 'service', value: name, because: `name of the Deployment in ${file}`, sure: false });
  const { replicas } = deployment.spec;
  if (replicas !== undefined) found({ key: 'instances', value: replicas, because: `replicas in ${file}`, sure: true });
  const path = container?.readinessProbe?.httpGet?.path ?? container?.livenessProbe?.httpGet?.path;
  if (path !== undefined) found({ key: 'healthPath', value: path, because: `httpGet probe in ${file}`, sure: true });
  const port = container?.ports?.[0]?.containerPort;
  if (port !== undefined) found({ key: 'port', value: port, because: `containerPort in ${file}`, sure: false });
  const argv = [...(container?.command ?? []), ...(container?.command === undefined ? [] : (container.args ?? []))];
  if (argv.length > 0)
    found({ key: 'command', value: argv, because: `command of the container in ${file}`, sure: false });
  const more =
    deployments.length > 1 ? [`${file} has ${deployments.length} Deployments; only the first was looked at.`] : [];
  return {
    findings,
    notes: [
      `${file}: there is no driver for Kubernetes yet. This config runs the service as processes on this machine, as a starting point.`,
      ...more,
    ],
  };
}
