/** A plan, a report and issues as text for people: `sallyport plan`, goldens. Stable; no secrets, a plan has none. */
import type { Issue, Plan } from '@sallyport/model';
import type { PlanResult, ReportEntry } from '../input.ts';
import { blocksOf, type Block } from './lines.ts';

/** Ends with a newline. */
export function printPlan(plan: Plan): string {
  return [`plan ${plan.number}`, ...blocksOf(plan).map(printBlock)].join('\n\n').concat('\n');
}

/** What is not, or not wholly, planned and why; one sentence a line. Ends with a newline. */
export function printReport(report: readonly ReportEntry[]): string {
  const counted = report.filter(({ isPlanned }) => isPlanned).length;
  const reasons = report.flatMap(({ reason, notInEffect }) => [...(reason === undefined ? [] : [reason]), ...(notInEffect ?? [])]);
  const lines = reasons.map(({ code, message }) => `  ${message} [${code}]`);
  const head = `report: ${counted} of ${report.length} resources planned`;
  return `${[head, ...lines].join('\n')}\n`;
}

export function printIssues(issues: readonly Issue[]): string {
  if (issues.length === 0) return 'check: no issues\n';
  return `${[`check: ${issues.length} issues`, ...issues.map(({ severity, code, message }) => `  ${severity} ${code}: ${message}`)].join('\n')}\n`;
}

/** All three, as `sallyport plan` shows them. */
export function printResult({ plan, report, issues }: PlanResult): string {
  return [printPlan(plan), printReport(report), printIssues(issues)].join('\n');
}

export function printBlock({ title, lines }: Block): string {
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}
