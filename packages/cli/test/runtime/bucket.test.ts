import { TempFolder } from '../support.js';

describe('the built command with a bucket', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it('loads the client of S3', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const env = {
      MCP_STORE: 'dynamodb',
      FUNCT_BUCKET_NAME: 'bucket',
      S3_ENDPOINT: nowhere,
      DYNAMODB_ENDPOINT: nowhere,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    const { stdout, stderr, code } = await temp.run(['store', 'check'], { env });
    expect(`${stdout}${stderr}`).toContain('DynamoDB cannot be reached (ECONNREFUSED)');
    expect(code).toBe(1);
  });
});
