/** How much longer all takes than on hardware: the virtual machine of test/lab/vm is emulated, and says so. */
export const SLOWNESS = Number(process.env.LAB_SLOWNESS ?? 1);
