// Khronos' validator looks at poses.glb: node gltf_validator.js FOLDER, where the package is found.
// Prints a line of JSON; a warning or a hint counts as much as an error.
const fs = require("fs");
const path = require("path");
const validator = require(path.join(process.cwd(), "node_modules", "gltf-validator"));

const content = new Uint8Array(fs.readFileSync(path.join(process.argv[2], "poses.glb")));
validator.validateBytes(content, { maxIssues: 20 }).then((report) => {
  const wrong = report.issues.messages.map((m) => `${m.code} at ${m.pointer}: ${m.message}`);
  const program = `glTF-Validator ${report.validatorVersion}`;
  console.log(JSON.stringify({ program, file: "poses.glb", wrong }));
}, (error) => { console.error(String(error)); process.exit(1); });
