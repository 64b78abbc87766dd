mock "tfconfig/v2" {
  module {
    source = "mocks/config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = true
  }
}
