-- reml for Neovim 0.8 and later: `require('reml').setup()` in init.lua, with this file in
-- ~/.config/nvim/lua. Colours, indentation and brackets are those of Scheme.
local M = {}

-- opts.cmd: the server; the default is { 'pelagos', 'reml', 'lsp' }.
function M.setup(opts)
  local cmd = opts and opts.cmd or { 'pelagos', 'reml', 'lsp' }
  vim.filetype.add({ extension = { reml = 'reml' } })
  if vim.treesitter.language and vim.treesitter.language.register then
    vim.treesitter.language.register('scheme', 'reml')
  end

  local group = vim.api.nvim_create_augroup('reml', { clear = true })
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = 'reml',
    callback = function(event)
      vim.bo[event.buf].lisp = true
      vim.bo[event.buf].expandtab = true
      vim.bo[event.buf].shiftwidth = 2
      vim.bo[event.buf].commentstring = '; %s'
      vim.schedule(function() -- after Neovim's own, which takes the type for the syntax
        if vim.api.nvim_buf_is_valid(event.buf) then vim.bo[event.buf].syntax = 'scheme' end
      end)
    end,
  })

  if vim.lsp.enable then -- 0.11
    vim.lsp.config('reml', { cmd = cmd, filetypes = { 'reml' }, root_markers = { 'compose.reml', '.git' } })
    vim.lsp.enable('reml')
    return
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = 'reml',
    callback = function(event)
      local marker = vim.fs.find({ 'compose.reml', '.git' }, {
        upward = true,
        path = vim.fs.dirname(vim.api.nvim_buf_get_name(event.buf)),
      })[1]
      vim.lsp.start({
        name = 'reml',
        cmd = cmd,
        root_dir = marker and vim.fs.dirname(marker) or vim.fn.getcwd(),
      })
    end,
  })
end

return M
