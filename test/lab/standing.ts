/** A topology of the catalogue, built and seen to hold: where many lab tests begin. Not for those that look at what happens on the way. */
import { buildScenario, expectScenario, loadScenario } from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';

type Standing = { readonly scenario: Scenario; readonly trips: Awaited<ReturnType<typeof expectScenario>> };

export async function standing(session: LabSession, name: string): Promise<Standing> {
  const scenario = loadScenario(name, session.arm.file.subscriptionId);
  await buildScenario(session, scenario);
  return { scenario, trips: await expectScenario(session, scenario) };
}
