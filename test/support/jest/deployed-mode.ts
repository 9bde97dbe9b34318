// A setup file of jest, run before each test file of the suite `deployed`: Stage then starts no operator, the installed
// one serves it.
process.env['OPERATOR'] = 'deployed';
