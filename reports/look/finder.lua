-- A list that can be searched: `::: {.finder noun="district"}` round a list. Both renderers use this file.
-- Without a script, and on paper, it is the list; with one, a box above it hides what has not the words typed.

local BOX = [[
<div class="finder-box" hidden>
<label for="finder-words">Find a %s</label>
<input type="search" id="finder-words" autocomplete="off" spellcheck="false">
<p id="finder-count" role="status"></p>
</div>]]

local SCRIPT = [[
<script>
(function () {
  var noun = "%s", box = document.querySelector(".finder-box");
  var input = document.getElementById("finder-words"), count = document.getElementById("finder-count");
  var items = Array.prototype.slice.call(document.querySelectorAll(".finder-list > ul > li"));
  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  }
  var texts = items.map(function (item) { return plain(item.textContent); });
  function find() {
    var words = plain(input.value).split(/\s+/).filter(Boolean), shown = 0;
    items.forEach(function (item, number) {
      item.hidden = !words.every(function (word) { return texts[number].indexOf(word) >= 0; });
      shown += item.hidden ? 0 : 1;
    });
    count.textContent = words.length ? shown + " of " + items.length + " " + noun + "s found" : "";
  }
  input.addEventListener("input", find);
  box.hidden = false;
  find();
})();
</script>]]

function Div(div)
  if not div.classes:includes("finder") then return nil end
  if not FORMAT:match("html") then return div.content end
  local noun = (div.attributes.noun or "part"):gsub("[^%a ]", "")
  return pandoc.Div({
    pandoc.RawBlock("html", (BOX:gsub("%%s", noun))),
    pandoc.Div(div.content, pandoc.Attr("", { "finder-list" })),
    pandoc.RawBlock("html", (SCRIPT:gsub("%%s", noun))),
  }, pandoc.Attr("", { "finder" }))
end
