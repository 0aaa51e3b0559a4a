/**
 * What is wrong with a template or its parameters, in Azure's words. Thrown inside the evaluator, which is pure, and turned
 * into ARM's error envelope where a request or a deployment ends (routes.ts, deployment.ts).
 * Codes and texts: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
 */
import type { JsonObject } from '@sallyport/model';
import type { Position } from './tolerant-json.ts';

export type TemplateErrorCode =
  | 'InvalidRequestContent'
  | 'InvalidTemplate'
  | 'InvalidDeployment'
  | 'DeploymentModeNotSupported'
  | 'DeploymentOutputEvaluationFailed';

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code: TemplateErrorCode;
  /** `properties.template.parameters.x`; with its place in the request body when known. */
  readonly path: string | undefined;
  readonly position: Position | undefined;

  constructor(code: TemplateErrorCode, message: string, path?: string, position?: Position) {
    super(message);
    this.code = code;
    this.path = path;
    this.position = position;
  }

  /** The `error` member of ARM's envelope. */
  body(): JsonObject {
    if (this.path === undefined) return { code: this.code, message: this.message };
    const info = { lineNumber: this.position?.line ?? 0, linePosition: this.position?.column ?? 0, path: this.path };
    return { code: this.code, message: this.message, additionalInfo: [{ type: 'TemplateViolation', info }] };
  }
}

/** A violation found before anything is deployed; Azure wraps the reason in a fixed sentence. */
export function validationFailed(reason: string, path?: string, position?: Position): TemplateError {
  return new TemplateError('InvalidTemplate', `Deployment template validation failed: '${reason}'.`, path, position);
}
