/** What a step that is due says of how things are now, as a sentence for people. Pure. */
import type { HostStep } from '../../model/host/host-steps.js';
import type { Step } from '../../model/plan/steps.js';

export function stepWords(step: Step): string {
  switch (step.kind) {
    case 'replaceNeighbour':
      return `neighbour ${step.ip} on ${step.link} should be ${step.mac}: ${step.reason}`;
    case 'removeNeighbour':
      return `neighbour ${step.ip} on ${step.link} is ${step.mac}, and nobody has that address`;
    case 'replaceFdb':
      return `the FDB of ${step.link} should send ${step.mac} to ${step.vtep}: ${step.reason}`;
    case 'removeFdb':
      return `the FDB of ${step.link} sends ${step.mac} to ${step.vtep}, and nobody has that MAC there`;
    case 'replaceStatic':
      return `${step.mac} should stand behind port ${step.link} of the bridge: ${step.reason}`;
    case 'removeStatic':
      return `${step.mac} stands behind port ${step.link} of the bridge, and nobody has that MAC there`;
    default:
      return `${dueWords(step.kind)}${'link' in step ? ` of ${step.link}` : ''} is due: ${step.reason}`;
  }
}

export const hostStepWords = (step: HostStep): string => `${dueWords(step.kind)} is due: ${step.reason}`;

/** `replaceVxlanGuard`: "replace vxlan guard". */
const dueWords = (kind: string): string => kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
