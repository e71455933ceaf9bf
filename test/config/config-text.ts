import { parseConfig } from '../../src/config/load-config.ts';
import { DeployError } from '../../src/model/deploy-error.ts';

/** The least that is valid, with `extra` lines (indented by 4) in its one environment. */
export function configText(extra = '', environment = 'production'): string {
  return `version: 1
service: shop
environments:
  ${environment}:
    url: http://127.0.0.1:8080
    target: { kind: process, command: [node, server.js] }
${extra}`;
}

/** The error with which a text is refused. */
export function errorOf(text: string): DeployError {
  try {
    parseConfig(text);
  } catch (thrown) {
    if (thrown instanceof DeployError) return thrown;
    throw thrown;
  }
  throw new Error(`this was accepted:\n${text}`);
}
