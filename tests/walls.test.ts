describe('walls', () => {
  it.todo('hold');
});
