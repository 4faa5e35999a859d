// Runs the checks of one peer and prints the closing line that the test command counts.

/** Runs every check, named by its sentence; the process ends with 1 when one failed. */
export async function run(name, checks) {
    let passed = 0;
    let failed = 0;
    for (const [sentence, check] of Object.entries(checks)) {
        const began = performance.now();
        try {
            await check();
            passed += 1;
            console.log(`ok      ${sentence} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
        } catch (error) {
            failed += 1;
            console.log(`FAILED  ${sentence}\n${error.stack ?? error}`);
        }
    }
    console.log(`${name}: ${passed} passed, ${failed} failed`);
    process.exitCode = failed || !passed ? 1 : 0;
}
