/** Reads a vitest JSON report: how many passed and failed, and what failed, a line each. Runs nothing and prints nothing. */

export type Count = { readonly passed: number; readonly failed: number; readonly failures: readonly string[] };

/** The part of vitest's `--reporter=json` that is read here; files that could not be set up have a message of their own. */
export type VitestReport = {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
};

const longest = 300;

/**
 * Counts a report, whose program ended with `status`. A file whose set-up failed has no failed test, only tests that never
 * ran: it counts as one failure, and is named with its reason. File names are made relative to `root`.
 */
export function countReport(report: VitestReport, status: number, root: string): Count {
  const failures: string[] = [];
  for (const file of report.testResults) {
    const name = file.name.startsWith(`${root}/`) ? file.name.slice(root.length + 1) : file.name;
    const failed = file.assertionResults.filter((result) => result.status === 'failed');
    for (const result of failed) {
      failures.push(`${name}: ${result.fullName}: ${firstLine(result.failureMessages?.[0])}`);
    }
    if (file.status === 'failed' && failed.length === 0) {
      failures.push(`${name}: did not run: ${firstLine(file.message)}`);
    }
  }
  if (failures.length === 0 && status !== 0) {
    failures.push(`vitest ended with ${status}, and no test failed: see its output above`);
  }
  return { passed: report.numPassedTests, failed: failures.length, failures };
}

function firstLine(message: string | undefined): string {
  const line = (message ?? '').split('\n').find((each) => each.trim() !== '') ?? 'no reason given';
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
