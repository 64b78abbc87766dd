mock "tfconfig/v2" {
  module {
    source = "mocks/pass-http-by-parameter-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
