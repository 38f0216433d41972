/** What is used of the client of Systems Manager. A file of its own: a bundle keeps the names of a package only where they are imported by name. */
export { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
